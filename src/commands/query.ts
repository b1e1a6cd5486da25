// `tidemark query`: PromQL from the shell, answered by a running daemon.
import { z } from 'zod'
import { systemClock } from '../io/clock.ts'
import { ConfigError } from '../model/errors.ts'
import { printable } from '../model/text.ts'
import { parseDuration } from '../model/units.ts'
import { type Shell, print } from './command.ts'
import { type DaemonOptions, asksDaemon, clientOf } from './daemon.ts'

const POINTS = 60

const Metric = z.record(z.string(), z.string())
const Point = z.tuple([z.number(), z.string()])
const Answer = z.discriminatedUnion('resultType', [
  z.object({ resultType: z.literal('scalar'), result: Point }),
  z.object({ resultType: z.literal('string'), result: Point }),
  z.object({ resultType: z.literal('vector'), result: z.array(z.object({ metric: Metric, value: Point })) }),
  z.object({
    resultType: z.literal('matrix'),
    result: z.array(z.object({ metric: Metric, values: z.array(Point) })),
  }),
])

interface Options extends DaemonOptions {
  readonly at?: string
  readonly range?: string
  readonly step?: string
}

export function queryCommand({ program }: Shell): void {
  asksDaemon(
    program
      .command('query')
      .description('evaluate PromQL in a running daemon')
      .argument('<expr>', 'the expression')
      .option('--at <time>', 'unix seconds or RFC 3339; now by default')
      .option('--range <length>', 'a range that ends at that time, such as 6h')
      .option('--step <length>', 'the step of the range; a sixtieth of it by default'),
  ).action(async (expr: string, options: Options) => {
    const client = clientOf(options)
    const answer =
      options.range === undefined
        ? await client.get('/api/v1/query', {
            query: expr,
            ...(options.at === undefined ? {} : { time: options.at }),
          })
        : await client.get('/api/v1/query_range', { query: expr, ...span(options.range, options) })
    print(options.json ? `${JSON.stringify(answer, null, 2)}\n` : renderAnswer(Answer.parse(answer)))
  })
}

function span(range: string, { at, step }: Options): Record<string, string> {
  const length = parseDuration(range)
  if (length === undefined)
    throw new ConfigError(`--range: expected a duration such as 6h, found ${JSON.stringify(range)}`)
  const end =
    at === undefined
      ? systemClock.now() / 1000
      : Number.isFinite(Number(at))
        ? Number(at)
        : Date.parse(at) / 1000
  if (Number.isNaN(end))
    throw new ConfigError(`--at: expected unix seconds or RFC 3339, found ${JSON.stringify(at)}`)
  return {
    start: String(end - length / 1000),
    end: String(end),
    step: step ?? String(Math.max(1, length / 1000 / POINTS)),
  }
}

function renderAnswer(answer: z.output<typeof Answer>): string {
  switch (answer.resultType) {
    case 'scalar':
    case 'string':
      return `${answer.result[1]}\n`
    case 'vector':
      return lines(answer.result.map(({ metric, value }) => `${seriesName(metric)}  ${value[1]}`))
    case 'matrix':
      return lines(
        answer.result.flatMap(({ metric, values }) => [
          seriesName(metric),
          ...values.map(([at, value]) => `  ${new Date(at * 1000).toISOString()}  ${value}`),
        ]),
      )
  }
}

const lines = (all: readonly string[]): string => (all.length === 0 ? 'no data\n' : `${all.join('\n')}\n`)

function seriesName({ __name__: name = '', ...labels }: Record<string, string>): string {
  const pairs = Object.entries(labels).map(
    ([label, value]) => `${printable(label)}=${JSON.stringify(printable(value))}`,
  )
  return `${printable(name)}{${pairs.join(', ')}}`
}
