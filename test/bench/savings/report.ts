// What the worlds of a mix came to: the distribution, never the best one.
import { ADVICE_STAGES } from '../../../src/model/advice.ts'
import type { Mix } from './mixes.ts'
import type { Piece, Played, Totals } from './play.ts'

/** A loss of more than this share of the bill of what it is about would be seen on it. */
const SEEN = 0.01

export function report(seeds: string, mix: Mix, worlds: readonly Played[]): readonly object[] {
  const pieces = worlds.flatMap((world) => world.pieces)
  const told = pieces.filter(({ inside }) => inside !== null)
  const sum = (of: (world: Played) => number): number => worlds.reduce((all, world) => all + of(world), 0)
  const saved = (of: (world: Played) => Totals): string =>
    spread(worlds.map((world) => (100 * (world.asIs.usd - of(world).usd)) / world.asIs.usd))
  const policies = { ours: ours, 'rule of thumb': naive, 'intelligent-tiering': tiered, hindsight: best }
  const each = (of: (totals: Totals) => number) =>
    Object.fromEntries(
      Object.entries({ 'as is': asIs, ...policies }).map(([name, world]) => [
        name,
        sum((one) => of(world(one))),
      ]),
    )
  return [
    {
      seeds,
      mix,
      worlds: worlds.length,
      'net saving %, median (quartiles)': Object.fromEntries(
        Object.entries(policies).map(([name, world]) => [name, saved(world)]),
      ),
      'regret % of bill': spread(worlds.map((one) => (100 * (one.ours.usd - one.best.usd)) / one.asIs.usd)),
      'worst world %': round(
        Math.min(...worlds.map((one) => (100 * (one.asIs.usd - one.ours.usd)) / one.asIs.usd)),
      ),
      'levers, mean % of bill': Object.fromEntries(
        ADVICE_STAGES.map((stage) => [
          stage,
          round(sum((one) => (100 * one.levers[stage]) / one.asIs.usd) / worlds.length),
        ]),
      ),
      'storage and tables % of bill': spread(worlds.map(({ lakeShare }) => 100 * lakeShare)),
      'inside p10-p90 %': round(
        (100 * told.filter(({ inside }) => inside).length) / Math.max(1, told.length),
      ),
      pieces: pieces.length,
      harmful: pieces.filter(({ harmful }) => harmful).length,
      'harmful beyond 1 % of its bill': pieces.filter(isSeen).length,
      'subjects worse off with all of it': sum(({ worseOff }) => worseOff),
      'broken reads and writes': each(({ broken }) => broken),
      'missed deadlines': each(({ missed }) => missed),
      'requests of the agent % of bill': spread(
        worlds.map((one) => (100 * one.agent) / one.asIs.usd),
        2,
      ),
    },
    { seeds, mix, topics: byTopic(pieces) },
    ...worlds.flatMap(({ seed, pieces: mine }) =>
      mine
        .filter(({ harmful }) => harmful)
        .map(({ topic, subject, net, share, broken, missed }) => ({
          seeds,
          mix,
          harmful: {
            seed,
            topic,
            subject,
            'net $': round(net, 2),
            'of its bill %': round(100 * share),
            broken,
            missed,
          },
        })),
    ),
  ]
}

const asIs = (world: Played): Totals => world.asIs
const ours = (world: Played): Totals => world.ours
const naive = (world: Played): Totals => world.naive
const tiered = (world: Played): Totals => world.tiered
const best = (world: Played): Totals => world.best

const isSeen = ({ harmful, share, broken, missed }: Piece): boolean =>
  harmful && (share < -SEEN || broken > 0 || missed > 0)

const round = (value: number, digits = 1): number => Number(value.toFixed(digits))

function spread(values: readonly number[], digits = 1): string {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): string => sorted[Math.round(share * (sorted.length - 1))]!.toFixed(digits)
  return `${at(0.5)} (${at(0.25)} … ${at(0.75)})`
}

const byTopic = (pieces: readonly Piece[]) =>
  Object.fromEntries(
    [...Map.groupBy(pieces, ({ topic }) => topic)].map(([topic, some]) => {
      const told = some.filter(({ inside }) => inside !== null)
      return [
        topic,
        {
          pieces: some.length,
          'net $': Math.round(some.reduce((sum, { net }) => sum + net, 0)),
          'inside %':
            told.length === 0
              ? null
              : Math.round((100 * told.filter(({ inside }) => inside).length) / told.length),
        },
      ]
    }),
  )
