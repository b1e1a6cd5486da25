// `tidemark advise`: what a running daemon advises, and what people decide about it.
import os from 'node:os'
import { z } from 'zod'
import { ConfigError } from '../model/errors.ts'
import type { AdviceFact, AdviceNeed, AdviceTotal } from '../model/advice.ts'
import type { TableFact } from '../model/facts.ts'
import { printable } from '../model/text.ts'
import { type Timestamp, readableUsd, usd } from '../model/units.ts'
import { billCommand } from './bill.ts'
import { type Shell, print } from './command.ts'
import { type DaemonOptions, asksDaemon, clientOf } from './daemon.ts'

/** What the daemon answers: our own words from our own process, so that only the frame is checked. */
const Answer = z.object({
  at: z.number().nullable(),
  total: z.custom<AdviceTotal>().nullable(),
  advice: z.array(z.custom<AdviceFact>()),
  needs: z.array(z.custom<AdviceNeed>()),
  needsOmitted: z.number(),
  failed: z.number().nullish(),
})

interface DecideOptions extends DaemonOptions {
  readonly by: string
  readonly reason: string
  readonly etag?: string
  readonly for?: string
}

const one = (id: string): string => `/api/tidemark/advice/${encodeURIComponent(id)}`

export function adviseCommand({ program }: Shell): void {
  const advise = program.command('advise').description('what to change, what it saves, and what you decide')
  asksDaemon(
    advise
      .command('list')
      .description('advice by the money it saves')
      .option('--state <state>', 'open, all, or one state such as dismissed', 'open'),
  ).action(async (options: DaemonOptions & { state: string }) => {
    const answer = await clientOf(options).get('/api/tidemark/advice', { state: options.state })
    print(options.json ? `${JSON.stringify(answer, null, 2)}\n` : renderList(Answer.parse(answer)))
  })
  asksDaemon(
    advise.command('show').description('one piece: evidence, bill, change, rollback').argument('<id>'),
  ).action(async (id: string, options: DaemonOptions) => {
    const answer = await clientOf(options).get(one(id))
    print(options.json ? `${JSON.stringify(answer, null, 2)}\n` : renderOne(answer as AdviceFact))
  })
  decision(advise, 'accept', 'take it up: its content is frozen as you saw it')
  decision(advise, 'dismiss', 'not wanted; comes back only when what it rests on moves by a quarter')
  decision(advise, 'snooze', 'ask again later')
  decision(advise, 'applied', 'it was done: its effect is measured from now on')
  decision(advise, 'rolled-back', 'it was undone')
  decision(advise, 'reopen', 'take a decision back')
  applyCommand(advise)
  billCommand(advise)
}

function decision(advise: Shell['program'], action: string, description: string): void {
  const command = asksDaemon(
    advise
      .command(action)
      .description(description)
      .argument('<id>')
      .option('--by <name>', 'who', os.userInfo().username)
      .option('--etag <etag>', 'only if it is still what you saw'),
  )
  if (action === 'snooze') command.option('--for <length>', 'how long', '7d')
  if (action === 'dismiss' || action === 'snooze') command.requiredOption('--reason <text>', 'why')
  else command.option('--reason <text>', 'why', '')
  command.action(async (id: string, options: DecideOptions) => {
    const { by, reason, etag = null } = options
    const body = { by, reason, etag, ...(options.for === undefined ? {} : { for: options.for }) }
    const fact = (await clientOf(options).send('POST', `${one(id)}/${action}`, body)) as AdviceFact
    print(options.json ? `${JSON.stringify(fact, null, 2)}\n` : `${fact.id} is ${fact.state}\n`)
  })
}

interface ApplyOptions extends DaemonOptions {
  readonly dryRun?: true
  readonly yes?: true
  readonly by: string
  readonly region?: string
  readonly endpoint?: string
  readonly rollback: string
}

function applyCommand(advise: Shell['program']): void {
  asksDaemon(
    advise
      .command('apply')
      .description(
        'print what applying would do; with --yes do it, for lifecycle rules of S3 buckets that can be undone',
      )
      .argument('<id>')
      .option('--dry-run', 'change nothing')
      .option('--yes', 'really')
      .option('--by <name>', 'who', os.userInfo().username)
      .option('--region <region>', 'of the bucket')
      .option('--endpoint <url>', 'another S3 than that of the region')
      .option('--rollback <folder>', 'where what undoes it is written', '.'),
  ).action(async (id: string, options: ApplyOptions) => {
    const client = clientOf(options)
    const fact = (await client.get(one(id))) as AdviceFact
    const { format } = fact.advice.change
    if (format !== 's3-lifecycle-json') {
      if (!options.dryRun)
        throw new ConfigError(
          `advice ${id} is ${format}: run it yourself (advise apply ${id} --dry-run prints it), then advise applied ${id}`,
        )
      print(renderApply(fact))
      return
    }
    const { tables } = (await client.get('/api/tidemark/tables')) as { tables: TableFact[] }
    const { applyLifecycle } = await import('./apply-lifecycle.ts')
    const applied = await applyLifecycle(
      fact,
      tables,
      { ...options, dryRun: options.dryRun === true, yes: options.yes === true },
      print,
    )
    if (applied === null) return
    await client.send('POST', `${one(id)}/applied`, {
      by: options.by,
      reason: 'tidemark advise apply',
      etag: fact.advice.etag,
      rollback: applied.rollback,
    })
    print(`${id} is applied; its effect is measured from the first full month on\n`)
  })
}

export function renderList({ advice, total, needs, needsOmitted, failed }: z.output<typeof Answer>): string {
  const rows = advice.map(({ id, advice: { priority, cost, topic, title, confidence }, state }) => [
    id,
    priority,
    cost.savings === null ? 'not known' : `${readableUsd(cost.savings.p50)}/mo`,
    cost.paybackDays === null ? '-' : `${cost.paybackDays} d`,
    `${(confidence * 100).toFixed(0)} %`,
    topic,
    state === 'active' ? 'open' : state,
    printable(title, 100),
  ])
  const header = ['ID', '', 'SAVES', 'PAYBACK', 'SURE', 'KIND', 'STATE', 'WHAT']
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)))
  const lines = [header, ...rows].map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  )
  const sum =
    total === null || total.set.length === 0
      ? []
      : [
          `together, applied in order: ${readableUsd(usd(total.before - total.after))} of ${readableUsd(total.before)} a month (${total.set.length} pieces that do not exclude each other)`,
        ]
  const asked =
    needs.length === 0
      ? []
      : [
          `${counted(needs.length + needsOmitted, 'thing')} could not be judged; advise list --json says what to collect`,
        ]
  const broken = failed
    ? [`${counted(failed, 'thing')} could not be judged because a rule failed; the daemon's log names them`]
    : []
  return `${[...(advice.length === 0 ? ['no advice'] : lines), ...sum, ...asked, ...broken].join('\n')}\n`
}

const time = (at: Timestamp): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ')

function renderOne({ id, state, since, advice, realised, steps }: AdviceFact): string {
  const { cost, risk, change, evidence } = advice
  const savings =
    cost.savings === null
      ? `not known; ${cost.breakEven ?? ''}`
      : `${readableUsd(cost.savings.p50)} a month (p10 ${readableUsd(cost.savings.p10)}, p90 ${readableUsd(cost.savings.p90)})`
  const lines: ReadonlyArray<readonly [string, string]> = [
    ['state', `${state} since ${time(since)}; etag ${advice.etag}`],
    ['why', advice.why],
    ['saves', savings],
    ['prices', `${cost.basis}, of ${cost.pricesAsOf}${cost.pricesVerified ? '' : ', partly unconfirmed'}`],
    ...(['before', 'after', 'oneOff'] as const).flatMap((part) =>
      cost[part].map(
        (line) =>
          [
            part === 'oneOff' ? 'once' : part,
            `${line.quantity.toPrecision(6)} ${line.unit} of ${line.meter} at ${readableUsd(line.unitPrice)} = ${readableUsd(line.cost)}`,
          ] as const,
      ),
    ),
    ...(cost.paybackDays === null ? [] : [['payback', `${cost.paybackDays} days`] as const]),
    ...evidence.map(
      (seen) =>
        [
          'evidence',
          `${seen.metric} = ${readableNumber(seen.value)} ${seen.unit} (${seen.statistic}, ${seen.window}; ${seen.from})`,
        ] as const,
    ),
    ...advice.inputsMissing.map((text) => ['missing', text] as const),
    ...advice.effects.map((text) => ['effect', text] as const),
    [
      'risk',
      `performance ${risk.performance} of 4; data loss: ${risk.dataLoss}; touches ${risk.blastRadius}`,
    ],
    ...risk.reasons.map((text) => ['', text] as const),
    ['effort', `${advice.effort}; ${(advice.confidence * 100).toFixed(0)} % sure`],
    ...change.preconditions.map((text) => ['check', text] as const),
    ...change.after.split('\n').map((text) => ['do', text] as const),
    ...change.otherForms.flatMap(({ text }) =>
      text
        .trimEnd()
        .split('\n')
        .map((line, i) => [i === 0 ? 'or' : '', line] as const),
    ),
    ...change.verifySteps.map((text) => ['verify', text] as const),
    ...change.rollback.split('\n').map((text) => ['undo', text] as const),
    ...(realised === null ? [] : [['measured', realised.how] as const]),
    ...steps.map((step) => ['history', `${time(step.at)} ${step.to} by ${step.by}: ${step.reason}`] as const),
  ]
  return `${id}  ${printable(advice.title, 200)}\n${lines
    .map(([label, text]) => `  ${label.padEnd(8)}  ${printable(text, 2_000)}`)
    .join('\n')}\n`
}

function renderApply({ advice }: AdviceFact): string {
  const { change } = advice
  const part = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${printable(line, 2_000)}`)]
  return `${[
    'dry run: nothing is changed',
    ...part('must hold', change.preconditions),
    ...part('would run', [
      ...change.after.split('\n'),
      ...(change.applyCommand === null ? [] : [change.applyCommand]),
    ]),
    ...part('then look at', change.verifySteps),
    ...part('to undo', change.rollback.split('\n')),
  ].join('\n')}\n`
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

/** Whole numbers as they are, others to five digits: --json has them all. */
const readableNumber = (value: number): string =>
  Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)))
