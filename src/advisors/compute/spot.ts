// Spot instances for executors: gates first, then a score, and the price with the work that interruptions repeat (cost.md §4.4).
import { HOUR, MINUTE, SECOND } from '../../model/units.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { finish, total } from '../draft.ts'
import { meterLine } from '../prices.ts'
import { emrUplift } from './billing.ts'
import { type JobView, ROOM, about, found, need, quantile } from './job-view.ts'
import { coresOf } from './machines.ts'

const SUITABLE = 75
const LONGEST = 4 * HOUR
const RARELY = 0.15
const MISSED_RARELY = 0.01
/** Until a machine is replaced; and, where shuffle data goes with it, the share of the whole that is done again. */
const REPLACED_IN = 210 * SECOND
const REDONE = 0.25
const REDONE_WITHOUT_LOSS = 60 * SECOND

export function spot(job: JobView): Findings {
  const { newest, executions } = job
  const { platform, instanceType, properties } = newest
  if ((platform !== 'emr' && platform !== 'ec2') || newest.gpu) return NOTHING
  // Gates: each alone means no.
  if (newest.streaming && properties['spark.sql.streaming.checkpointLocation'] === undefined) return NOTHING
  const writes = executions.some(({ volume }) => (volume.output ?? 0) > 0)
  if (writes && !TRANSACTIONAL.test(properties['spark.sql.extensions'] ?? ''))
    return need(
      job,
      'whether repeating its writes is harmless: it writes, and no table format with atomic commits (Delta, Iceberg, Hudi) is configured in spark.sql.extensions',
    )
  if (newest.deadline === null)
    return need(job, 'how long it may take: `deadlines` of the spark source; spot interruptions cost time')
  const cores = instanceType === null ? null : coresOf(instanceType)
  const meter = `ec2.${instanceType}`
  const onDemand = job.prices.price(`${meter}.ondemand`)
  const price = job.prices.price(`${meter}.spot`)
  const rate = job.prices.price(`${meter}.spot-interruption`)
  if (cores === null || onDemand === null || price === null || rate === null)
    return need(
      job,
      `spot price and interruption rate of ${instanceType ?? 'its instance type'}: set \`instance_type\` of the spark source, and ec2.<type>.spot and ec2.<type>.spot-interruption under advise.prices.overrides`,
    )
  const machines = Math.max(1, Math.ceil(newest.executors.peakCores / cores))
  const odds = oddsOf(job, machines, rate.usd)
  const checks = [
    { points: 30, holds: true },
    { points: 25, holds: odds.missed < MISSED_RARELY },
    { points: 20, holds: odds.wall <= LONGEST },
    { points: 15, holds: false },
    { points: 10, holds: rate.usd <= RARELY },
  ]
  const score = checks.reduce((sum, { points, holds }) => sum + (holds ? points : 0), 0)
  if (score < SUITABLE || price.usd * odds.repeatsAtWorst >= onDemand.usd) return NOTHING
  return { advice: [onSpot(job, { machines, cores, odds, score, interruption: rate.usd })], needs: [] }
}

const TRANSACTIONAL = /delta|iceberg|hudi/i

interface Odds {
  readonly wall: number
  /** Of missing the deadline. */
  readonly missed: number
  /** Machine time with what interruptions repeat, over machine time without; at the usual and at the worst rate. */
  readonly repeats: number
  readonly repeatsAtWorst: number
}

/**
 * The monthly rate spread over its month is optimistic, as if all of it fell into a day pessimistic. Until own
 * interruptions are known deadlines are held against the worst, and money is told at the mean of the two.
 */
const USUAL_OF_WORST = Math.sqrt(24 / 730)

/** The deadline is held against an execution of twice the input. */
function oddsOf({ newest, executions }: JobView, machines: number, monthly: number): Odds {
  const wall = quantile(
    executions.map((one) => one.wall),
    0.95,
  )
  const anHour = -Math.log(1 - Math.min(0.99, monthly)) / 24
  const keeps = newest.properties['spark.storage.decommission.shuffleBlocks.enabled'] === 'true'
  const lost = REPLACED_IN + (keeps ? REDONE_WITHOUT_LOSS : wall * REDONE)
  const expected = (anHour * machines * wall) / HOUR
  const room = Math.floor(((newest.deadline ?? 0) - wall * ROOM) / lost)
  const repeated = (expected * lost) / Math.max(wall, MINUTE)
  return {
    wall,
    missed: room < 0 ? 1 : 1 - poissonUpTo(expected * ROOM, room),
    repeats: 1 + repeated * USUAL_OF_WORST,
    repeatsAtWorst: 1 + repeated,
  }
}

/** P(X <= most) of a Poisson variable. */
function poissonUpTo(expected: number, most: number): number {
  let term = Math.exp(-expected)
  let sum = term
  for (let i = 1; i <= Math.min(most, 1_000); i++) {
    term *= expected / i
    sum += term
  }
  return Math.min(1, sum)
}

interface Spot {
  readonly machines: number
  readonly cores: number
  readonly odds: Odds
  readonly score: number
  readonly interruption: number
}

function onSpot(job: JobView, { machines, cores, odds, score, interruption }: Spot) {
  const { newest, prices, application } = job
  const type = newest.instanceType!
  const hours = (job.executorHours * (newest.executors.coresEach ?? cores)) / cores
  // One machine of them stays on demand, beside the driver's.
  const kept = hours / machines
  const before = meterLine(prices, application, `ec2.${type}.ondemand`, hours)
  const stays = meterLine(prices, application, `ec2.${type}.ondemand`, kept)
  const moved = (repeats: number) =>
    meterLine(prices, application, `ec2.${type}.spot`, (hours - kept) * repeats)
  const uplift = (onDemandHours: number) => {
    const line = meterLine(prices, application, `ec2.${type}.ondemand`, onDemandHours)
    return newest.platform === 'emr' && line !== null ? emrUplift(prices, application, line.cost) : null
  }
  const some = <T>(lines: ReadonlyArray<T | null>): T[] => lines.filter((line) => line !== null)
  const lines = (repeats: number) => some([stays, moved(repeats), uplift(kept + (hours - kept) * repeats)])
  const onDemand = some([before, uplift(hours)])
  const saved = (repeats: number): number => total(onDemand) - total(lines(repeats))
  return finish(
    {
      ...about(job),
      topic: 'spot',
      shape: 'spot',
      stage: 'purchase',
      title: `Run executors of ${application} on spot instances, one machine and the driver on demand`,
      why: `It is done within ${Math.round(odds.wall / MINUTE)} min of the ${Math.round((newest.deadline ?? 0) / MINUTE)} min it has, and repeating its work is harmless. At the worst rate that ${type} is known for it misses its deadline ${odds.missed < 0.001 ? 'less than once' : `${(odds.missed * 1_000).toFixed(0)} times`} in 1,000 executions (suitability ${score} of 100).`,
      evidence: [
        found(job, 'duration', odds.wall / SECOND, 'seconds', 'p95'),
        found(job, `interruption rate of ${type}`, interruption, 'ratio/month', 'upper bound'),
        found(job, 'probability of missing the deadline', odds.missed, 'ratio', 'pessimistic'),
        found(job, 'suitability for spot', score, 'points', 'of 100'),
      ],
      inputsMissing: [
        'own interruption notices: the rate of the type is that of all its users',
        'whether its executors are on spot already: event logs do not say',
      ],
      cost: {
        before: onDemand,
        after: lines(odds.repeats),
        oneOff: [],
        spread: { low: saved(odds.repeatsAtWorst) / saved(odds.repeats), high: 1.15 },
      },
      effects: [
        `interruptions repeat work: ${((odds.repeats - 1) * 100).toFixed(1)} % more machine time expected`,
      ],
      risk: {
        performance: 2,
        dataLoss: 'none',
        blastRadius: `executions of ${application}`,
        reasons: [
          'the driver, the master and nodes with HDFS must never be on spot',
          'a pool of one type and zone is interrupted together',
        ],
      },
      confidence: 0.5,
      effort: 'medium',
      restartNeeded: true,
      change: {
        format: 'aws-cli',
        before: null,
        after: `aws emr add-instance-fleet --cluster-id <cluster> --instance-fleet '{"InstanceFleetType":"TASK","TargetSpotCapacity":${Math.max(1, machines - 1)},"LaunchSpecifications":{"SpotSpecification":{"TimeoutDurationMinutes":20,"TimeoutAction":"SWITCH_TO_ON_DEMAND","AllocationStrategy":"price-capacity-optimized"}},"InstanceTypeConfigs":[{"InstanceType":"${type}"}]}'`,
        applyCommand: null,
        otherForms: [
          {
            format: 'spark-conf',
            text: 'spark.decommission.enabled true\nspark.storage.decommission.enabled true\nspark.storage.decommission.shuffleBlocks.enabled true',
          },
        ],
        preconditions: [
          'executors are on demand today',
          'the application master runs on the core node only (yarn.node-labels.am.default-node-label-expression=CORE)',
          'add at least four more instance types of its size, in three zones',
        ],
        verifySteps: [
          'no execution misses its deadline',
          'executors lost a week stay below what was expected',
        ],
        rollback: 'set TargetSpotCapacity to 0 and TargetOnDemandCapacity to what it was',
      },
    },
    prices,
    job.now,
  )
}
