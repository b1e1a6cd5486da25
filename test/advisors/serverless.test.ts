// Clusters against workers that are paid by the second, both ways, and against Athena: where each break-even lies.
import { describe, expect, test } from 'vitest'
import { advise, loadPrices } from '../../src/advisors/advisors.ts'
import { compute } from '../../src/advisors/compute/compute.ts'
import { breakEven } from '../../src/advisors/compute/serverless-cost.ts'
import { totalOf } from '../../src/advisors/portfolio.ts'
import type { ApplicationFact } from '../../src/model/application-facts.ts'
import { GIB, HOUR, MIB, MINUTE, bytes, millis } from '../../src/model/units.ts'
import { NOW } from '../model/a-table.ts'
import type { anApplication } from '../model/an-application.ts'
import { factView } from './fact-view.ts'
import { aJob } from './jobs.ts'

const prices = loadPrices()
const price = (meter: string): number => prices.price(meter)!.usd
type Job = Parameters<typeof anApplication>[0]
const findings = (job: Job, with_ = prices) => compute.advise(factView(aJob(job)), with_, NOW)
const topics = (job: Job): string[] => findings(job).advice.map(({ topic }) => topic)
const needs = (job: Job, with_ = prices): string =>
  findings(job, with_)
    .needs.map(({ collect }) => collect)
    .join('\n')

/** Forty executors of four cores for an hour, of whose time so much is used. */
const used = (utilisation: number, job: Job = {}): Job => ({
  slotUtilisation: utilisation,
  taskTime: millis(utilisation * 160 * HOUR),
  driverShare: 0,
  simulated: [10, 40].map((executors) => ({ executors, wall: millis((40 / executors) * HOUR) })),
  calibration: 1,
  ...job,
  executors: {
    peak: 40,
    count: 40,
    cores: 160,
    peakCores: 160,
    memoryEach: bytes(11 * GIB),
    coreTime: millis(160 * HOUR),
    ...job?.executors,
  },
})

describe('an hour of 4 vCPU and 16 GB', () => {
  const onDemand = price('ec2.m5.xlarge.ondemand')
  const cluster = onDemand * 1.25
  const spot = onDemand * (1 - 0.66) + onDemand * 0.25
  const serverless = 4 * price('emr-serverless.vcpu') + 16 * price('emr-serverless.memory')
  test.for<[string, number, number, number]>([
    ['a cluster against EMR Serverless', cluster, serverless, 0.79],
    ['a cluster on spot against EMR Serverless', spot, serverless, 0.37],
    ['a cluster against Glue', cluster, price('glue.dpu'), 0.545],
    ['a cluster against Glue Flex', cluster, price('glue-flex.dpu'), 0.83],
  ])('%s', ([, one, other, ratio]) => {
    expect(breakEven(one, other, 1)).toBeCloseTo(ratio, 2)
    expect(breakEven(one, other)).toBeCloseTo(ratio * 0.85, 2)
  })
})

const STEPS = Array.from({ length: 96 }, (_, i) => (i + 5) / 100)

/** Where an m6i.4xlarge holds four executors of 11 GiB: what as many cores cost in each place, of 85 % use. */
const limits = {
  serverless: (0.24 / (4 * price('emr-serverless.vcpu') + 11 * price('emr-serverless.memory'))) * 0.85,
  glue: (0.24 / 0.44) * 0.85,
  'glue-flex': (0.24 / 0.29) * 0.85,
}

describe('from a cluster', () => {
  const cluster: Job = { instanceType: 'm6i.4xlarge', deadline: millis(5 * HOUR) }
  test.for(Object.entries(limits))('%s below its break-even, with a margin', ([topic, limit]) => {
    const advised = STEPS.filter((utilisation) => topics(used(utilisation, cluster)).includes(topic))
    // All of the low ones, and none from where workers that are used by half save less than 15 %.
    expect(advised).toEqual(STEPS.slice(0, advised.length))
    expect(advised.length).toBeGreaterThan(5)
    const atHalf = breakEven(limit / 0.85, 1, 0.5) * 0.85
    expect(advised.at(-1)).toBeLessThan(limit)
    // Machines are paid for from their start, 3.5 minutes of each hour, and workers for a minute.
    expect(advised.at(-1)).toBeLessThan(atHalf * (63.5 / 60))
    expect(advised.at(-1)).toBeGreaterThan(atHalf * 0.9)
  })

  test('one of them counts in the total', () => {
    const { advice } = findings(used(0.1, cluster))
    const [first, ...rest] = advice.filter(({ stage }) => stage === 'purchase')
    expect([first, ...rest].map((one) => one?.topic)).toEqual(['serverless', 'glue', 'glue-flex'])
    const counted = Object.keys(totalOf([first!, ...rest]).byTopic)
    // Flex is cheaper than Glue; with 11 GiB EMR Serverless, which bills memory by the GiB, is cheaper still.
    expect(counted).toEqual(['serverless'])
  })

  test('Flex not where somebody waits, and asked about where nobody says', () => {
    expect(topics(used(0.1, { ...cluster, deadline: millis(3 * HOUR) }))).not.toContain('glue-flex')
    const unknown = used(0.1, { ...cluster, deadline: null })
    expect(topics(unknown)).not.toContain('glue-flex')
    expect(needs(unknown)).toContain('how long it may take')
  })

  test('what is not known is asked for', () => {
    expect(needs(used(0.1, { platform: null }))).toContain('who runs its executors')
    expect(needs(used(0.1, { instanceType: null }))).toContain('`instance_type` of its cluster')
    const elsewhere = loadPrices({ region: 'ap-southeast-2', basis: 'list', overrides: {}, refresh: false })
    const without = findings(used(0.1, { ...cluster, instanceType: 'c5.4xlarge' }), elsewhere)
    expect(without.advice.filter(({ stage }) => stage === 'purchase')).toEqual([])
    expect(without.needs.length).toBeGreaterThan(0)
  })
})

describe('to a cluster', () => {
  const pays = (job: Job) => STEPS.filter((utilisation) => topics(used(utilisation, job)).includes('cluster'))

  const anHour = 4 * price('emr-serverless.vcpu') + 13 * price('emr-serverless.memory')
  test.for<['glue' | 'emr-serverless', number, number]>([
    ['glue', 1, limits.glue],
    // So near that only a long job makes up for the start.
    ['emr-serverless', 6, (0.24 / anHour) * 0.85],
  ])('from %s above its break-even, with a margin', ([platform, hours, limit]) => {
    const lasting = (utilisation: number): Job =>
      used(utilisation, {
        platform,
        instanceType: null,
        wall: millis(hours * HOUR),
        taskTime: millis(utilisation * hours * 160 * HOUR),
        executors: { memoryEach: bytes(13 * GIB), coreTime: millis(hours * 160 * HOUR) },
      })
    const advised = STEPS.filter((utilisation) => topics(lasting(utilisation)).includes('cluster'))
    expect(advised).toEqual(STEPS.slice(STEPS.length - advised.length))
    expect(advised.length).toBeGreaterThan(0)
    expect(advised[0]).toBeGreaterThan(limit)
    // Start, the primary machine and the margin of 15 % lie between.
    expect(advised[0]).toBeLessThan((limit / 0.85) * 1.15)
  })

  test('not where executions are not alike, and never where a cluster would be left again', () => {
    const steady = aJob(used(0.9, { platform: 'glue' }))
    const uneven = steady.map((fact) =>
      fact.kind === 'application' && Number(fact.appId.slice(4)) % 5 === 0
        ? ({ ...fact, taskTime: millis(20 * HOUR) } satisfies ApplicationFact)
        : fact,
    )
    const found = (facts: typeof steady) =>
      compute.advise(factView(facts), prices, NOW).advice.map(({ topic }) => topic)
    expect(found(steady)).toContain('cluster')
    expect(found(uneven)).not.toContain('cluster')
    for (const utilisation of pays({ platform: 'glue' }))
      expect(topics(used(utilisation, { instanceType: 'm6i.4xlarge' }))).not.toContain('glue')
  })

  test('the bill has every machine, the primary one too', () => {
    const [advice] = findings(used(0.9, { platform: 'glue' })).advice.filter(
      ({ topic }) => topic === 'cluster',
    )
    const [workers, , primary] = advice!.cost.after
    expect(workers?.meter).toMatch(/^ec2\.m(5|6i)\.4xlarge\.ondemand$/)
    expect(workers!.quantity / primary!.quantity).toBeCloseTo(10, 6)
    expect(advice!.change.after).toContain('InstanceGroupType=CORE,InstanceCount=10')
    expect(advise(factView(aJob(used(0.9, { platform: 'glue' }))), prices, NOW).advice).toContainEqual(advice)
  })

  test('executors that fit on no machine of the book are no reason for a guess', () => {
    const huge = used(0.9, { platform: 'glue', executors: { memoryEach: bytes(400 * GIB) } })
    expect(topics(huge)).not.toContain('cluster')
    expect(needs(huge)).toContain('ec2.<type>.ondemand')
  })
})

describe('Glue Flex for a job of Glue', () => {
  const glue = used(0.3, { platform: 'glue', instanceType: null })
  test('where nobody waits for it: 34 % less', () => {
    const { advice } = findings({ ...glue, deadline: millis(5 * HOUR) })
    const { before, after } = advice.find(({ topic }) => topic === 'glue-flex')!.cost
    expect(after[0]!.cost / before[0]!.cost).toBeCloseTo(0.29 / 0.44, 9)
    expect(topics({ ...glue, deadline: millis(3 * HOUR) })).not.toContain('glue-flex')
    expect(needs({ ...glue, deadline: null })).toContain('how long it may take')
  })
})

describe('Athena', () => {
  /** Ten m5.4xlarge for an hour, $9.60, that read so many bytes and keep nothing. */
  const scan = (input: number, jobs = 1): Job =>
    used(0.9, {
      instanceType: 'm5.4xlarge',
      wall: millis(56.5 * MINUTE),
      jobs,
      volume: {
        input: bytes(input),
        output: bytes(0),
        shuffleRead: bytes(0),
        shuffleWritten: bytes(0),
        diskSpilled: bytes(0),
        memorySpilled: bytes(0),
      },
    })

  // $9.60 an hour are 1.92 TB at $5; 15 % below, and a little more for the machines' start.
  test.for<[number, boolean]>([
    [0.5e12, true],
    [1.6e12, true],
    [1.8e12, false],
    [1.95e12, false],
  ])('%d bytes an hour: %s', ([input, pays]) => {
    expect(topics(scan(input)).includes('athena')).toBe(pays)
  })

  test.for<[string, number, number, number]>([
    ['one query in whole megabytes', 100 * MIB + 1, 1, 101 * MIB],
    ['10 MB at least', 1, 1, 10 * MIB],
    ['each query 10 MB at least', 20 * MIB, 50, 500 * MIB],
  ])('%s', ([, input, jobs, billed]) => {
    const { cost } = findings(scan(input, jobs)).advice.find(({ topic }) => topic === 'athena')!
    const executionsAMonth = (20 * 30) / (19 + 56.5 / 1_440)
    expect(cost.after[0]!.quantity).toBeCloseTo((billed * executionsAMonth) / 1e12, 2)
  })

  test('not where it writes a table, nor where bytes are not known', () => {
    const { volume } = scan(1e11) as { volume: ApplicationFact['volume'] }
    const other = (more: Partial<ApplicationFact['volume']>): Job => ({
      ...scan(1e11),
      volume: { ...volume, ...more },
    })
    expect(topics(other({}))).toContain('athena')
    expect(topics(other({ output: bytes(10 * GIB) }))).not.toContain('athena')
    expect(topics(other({ output: null }))).not.toContain('athena')
    expect(topics(other({ input: null }))).not.toContain('athena')
  })
})
