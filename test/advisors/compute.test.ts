// The compute advisor on jobs as they come: what it says as golden text, its money by hand, and when it keeps silent.
import { describe, expect, test } from 'vitest'
import { advise, executionCost, loadPrices } from '../../src/advisors/advisors.ts'
import { compute } from '../../src/advisors/compute/compute.ts'
import { totalOf } from '../../src/advisors/portfolio.ts'
import type { Advice } from '../../src/model/advice.ts'
import { GIB, HOUR, MINUTE, bytes, millis } from '../../src/model/units.ts'
import { NOW } from '../model/a-table.ts'
import { anApplication } from '../model/an-application.ts'
import { factView } from './fact-view.ts'
import { aJob } from './jobs.ts'

const prices = loadPrices()
type Job = Parameters<typeof aJob>[0]

const findings = (changes: Job = {}, days = 20) => compute.advise(factView(aJob(changes, days)), prices, NOW)
const topics = (changes: Job = {}, days = 20): string[] =>
  findings(changes, days)
    .advice.map(({ topic }) => topic)
    .toSorted()
const needs = (changes: Job = {}, days = 20): string[] =>
  findings(changes, days).needs.map(({ collect }) => collect)
const one = (topic: string, changes: Job = {}): Advice => {
  const found = findings(changes).advice.filter((advice) => advice.topic === topic)
  expect(found).toHaveLength(1)
  return found[0]!
}

/** Nothing to say: busy, even, with memory in use. */
const WELL: Job = {
  slotUtilisation: 0.85,
  taskTime: millis(2_040 * MINUTE),
  simulated: [5, 8, 10, 12, 20].map((count) => ({ executors: count, wall: millis((600 / count) * MINUTE) })),
  calibration: 1,
  driverShare: 0.05,
}

test('an execution costs its core hours where they run; unknown where nothing prices them', () => {
  // 40 core hours are 2.5 of an m5.4xlarge at $0.768, and a quarter of that for EMR.
  expect(executionCost(anApplication(), prices)).toBeCloseTo(1.92 * 1.25, 9)
  // 10 executor hours of 4 vCPU and 16 GiB.
  expect(executionCost(anApplication({ platform: 'emr-serverless' }), prices)).toBeCloseTo(
    10 * (4 * prices.price('emr-serverless.vcpu')!.usd + 16 * prices.price('emr-serverless.memory')!.usd),
    9,
  )
  expect(executionCost(anApplication({ platform: null }), prices)).toBeNull()
  expect(executionCost(anApplication({ executors: { coresEach: null } }), prices)).toBeNull()
})

test('a job that is well gets no advice', () => {
  expect(topics(WELL)).toEqual([])
})

describe('executors', () => {
  test('as advice', async () => {
    await expect(`${JSON.stringify(one('executors'), null, 2)}\n`).toMatchFileSnapshot(
      'golden/executors.json',
    )
  })

  test('the cheapest number that is at most 5 % slower, at what the hours cost', () => {
    // 54 min on 10 becomes 56.7 at most: 8 take 55 min, 6 take 56.67. Both need two machines, where 10 need three.
    const advice = one('executors')
    expect(advice.change.after).toBe('spark.executor.instances 8')
    const startup = 3.5
    const hours = (20 / (19 + 1 / 24)) * 30 * 3 * ((60 + startup) / 60)
    const price = 0.768 * 1.25
    expect(advice.cost.before.reduce((sum, { cost }) => sum + cost, 0)).toBeCloseTo(hours * price, 6)
    const share = ((((50 + 10 / 2) * 60) / 54 + startup) * 2) / ((60 + startup) * 3)
    expect(advice.cost.savings?.p50).toBeCloseTo(hours * price * (1 - share), 1)
  })

  test.for<[number, string[]]>([
    // 4 on one machine take 65 min, 72 as calibrated: twice that, and a tenth for the simulation, is 159.
    [160, ['spark.executor.instances 4']],
    // 8 take 55 min, 61 as calibrated: 134.
    [158, ['spark.executor.instances 8']],
    [120, []],
  ])('a deadline of %d min must hold twice the longest execution', ([minutes, found]) => {
    const simulated = [4, 8, 10].map((count) => ({
      executors: count,
      wall: millis(count === 4 ? 65 * MINUTE : count === 8 ? 55 * MINUTE : 54 * MINUTE),
    }))
    const { advice } = findings({ deadline: millis(minutes * MINUTE), simulated, calibration: 60 / 54 })
    expect(advice.filter(({ topic }) => topic === 'executors').map(({ change }) => change.after)).toEqual(
      found,
    )
  })

  test('a job that misses its deadline gets more, and what that costs is no saving', () => {
    const late: Job = {
      ...WELL,
      deadline: millis(45 * MINUTE),
      simulated: [10, 12, 16, 20].map((count) => ({
        executors: count,
        wall: millis((600 / count) * MINUTE),
      })),
    }
    const advice = one('executors', late)
    expect(advice.title).toBe('Run nightly orders on 16 executors: it misses its deadline on 10')
    expect(advice.cost.savings).toBeNull()
    expect(advise(factView(aJob(late)), prices, NOW).advice.map(({ topic }) => topic)).toContain('executors')
  })

  test('waves: fewer that cost more are not advised', () => {
    const simulated = [6, 8].map((count) => ({
      executors: count,
      wall: millis(count === 8 ? 1_150_000 : 1_600_000),
    }))
    const waves: Job = {
      ...WELL,
      simulated,
      executors: { peak: 8 },
      wall: millis(1_150_000),
      deadline: millis(2_000_000),
    }
    expect(topics(waves)).not.toContain('executors')
  })

  test('dynamic allocation is bounded, not fixed', () => {
    expect(one('executors', { executors: { dynamic: true } }).change.after).toBe(
      'spark.dynamicAllocation.maxExecutors 8',
    )
  })

  test('without a price of an hour the hours are said', () => {
    const { cost, inputsMissing } = one('executors', { platform: null, instanceType: null })
    expect(cost.savings).toBeNull()
    expect(cost.breakEven).toMatch(/^315\.\d executor hours a month become 19\d\.\d/)
    expect(inputsMissing.join()).toContain('`platform` and `instance_type`')
  })

  test.for<[string, Job]>([
    ['GPUs', { gpu: true }],
    ['a stream', { streaming: true }],
    ['everything on one machine', { platform: 'local' }],
  ])('%s: none', ([, changes]) => {
    expect(topics(changes)).not.toContain('executors')
  })
})

describe('too little is known', () => {
  test('six executions, or thirteen days', () => {
    expect(topics({}, 6)).toEqual([])
    expect(needs({}, 6)).toEqual([
      'more event logs of it: with its present executors there are 6 of 7 executions over 5 of 14 days',
    ])
    expect(topics({}, 13)).toEqual([])
  })

  test('what ran with other executors does not count', () => {
    const job = aJob({}, 20).map((fact) =>
      fact.kind === 'application' && fact.appId !== 'app-0'
        ? { ...fact, executors: { ...fact.executors, peak: 40 } }
        : fact,
    )
    const { advice, needs: asked } = compute.advise(factView(job), prices, NOW)
    expect(advice).toEqual([])
    expect(asked[0]?.collect).toContain('1 of 7 executions')
  })

  test('memory that was never measured is asked for', () => {
    expect(needs({ ...WELL, executors: { memoryPeak: null } }).join()).toContain('logStageExecutorMetrics')
  })
})

describe('memory', () => {
  const spare: Job = {
    ...WELL,
    gcShare: 0.02,
    executors: { memoryEach: bytes(30 * GIB), memoryPeak: bytes(3 * GIB) },
  }

  test('spare memory: another family of instances, by its price', () => {
    const advice = one('memory-spare', { ...spare, instanceType: 'r5.4xlarge' })
    // 6 GiB for four cores fit onto a c5; both with EMR's quarter on top.
    expect(advice.change.after).toContain('c5.4xlarge')
    expect(
      advice.cost.savings!.p50 / advice.cost.before.reduce((sum, { cost }) => sum + cost, 0),
    ).toBeCloseTo(1 - 0.68 / 1.008, 3)
  })

  test('spare memory where it is billed by the GiB', () => {
    const advice = one('memory-spare', { ...spare, platform: 'emr-serverless', instanceType: null })
    expect(advice.cost.after.find(({ meter }) => meter === 'emr-serverless.memory')?.quantity).toBeCloseTo(
      (advice.cost.before.find(({ meter }) => meter === 'emr-serverless.memory')!.quantity * 6) / 30,
      6,
    )
  })

  test.for<[string, Job]>([
    ['it is in use', { ...spare, executors: { memoryEach: bytes(10 * GIB), memoryPeak: bytes(5 * GIB) } }],
    ['something spills', { ...spare, spillShare: 0.01 }],
    ['garbage collection takes its time', { ...spare, gcShare: 0.07 }],
  ])('it stays where %s', ([, changes]) => {
    expect(topics(changes)).toEqual([])
  })

  test('short memory comes first', async () => {
    const short: Job = { ...spare, gcShare: 0.2, spillShare: 0.4 }
    expect(topics(short)).toEqual(['memory-short'])
    expect(one('memory-short', short).change.after).toBe(
      'spark.sql.shuffle.partitions 400\nspark.executor.memory 41g',
    )
  })
})

describe('what executors wait for', () => {
  const stage = { stage: 7, name: 'join', tasks: 200, median: millis(MINUTE), skew: 20, diskSpilled: null }
  const skewed: Job = { ...WELL, unevenStages: [{ ...stage, longest: millis(20 * MINUTE) }] }

  test('a skewed stage', () => {
    const advice = one('skew', skewed)
    expect(advice.change.after).toContain('spark.sql.adaptive.skewJoin.enabled true')
    expect(advice.cost.savings?.p10).toBe(0)
    expect(advice.why).toContain('one of 200 tasks takes 20 min, the median 1 min')
  })

  test('that adaptive execution could not split', () => {
    const advice = one('skew', { ...skewed, properties: { 'spark.sql.adaptive.enabled': 'true' } })
    expect(advice.change.format).toBe('text')
  })

  test('a long task that delays little is none', () => {
    expect(topics({ ...WELL, unevenStages: [{ ...stage, longest: millis(5 * MINUTE) }] })).toEqual([])
  })

  test('the driver', () => {
    const waiting: Job = { ...WELL, driverShare: 0.8 }
    expect(one('driver-alone', waiting).change.after).toContain('spark.dynamicAllocation.maxExecutors 10')
    expect(topics({ ...waiting, executors: { dynamic: true } })).toEqual([])
    // Machines of a cluster are paid for whether they hold executors or not: what it saves is not known.
    expect(one('driver-alone', waiting).cost.savings).toBeNull()
    expect(one('driver-alone', { ...waiting, platform: 'emr-serverless' }).cost.savings?.p50).toBeGreaterThan(
      0,
    )
  })
})

describe('spot', () => {
  const able: Job = {
    ...WELL,
    deadline: millis(10 * HOUR),
    instanceType: 'm8g.4xlarge',
    properties: { 'spark.sql.extensions': 'io.delta.sql.DeltaSparkSessionExtension' },
    simulated: [{ executors: 10, wall: millis(HOUR) }],
  }

  test('a short job with time to spare, whose writes may be repeated', () => {
    const advice = one('spot', able)
    expect(advice.stage).toBe('purchase')
    const [before, after] = [advice.cost.before, advice.cost.after].map((lines) =>
      lines.reduce((sum, { cost }) => sum + cost, 0),
    )
    // Three machines, of which one stays; EMR's own price is not discounted.
    const all = (rate: number) => rate * (1 / 3) + rate * (2 / 3) * (1 - 0.57)
    expect(after! / before!).toBeCloseTo((all(1) + 0.25) / 1.25, 1)
    expect(advice.change.after).toContain('price-capacity-optimized')
  })

  test.for<[string, Job]>([
    ['a stream without checkpoint', { streaming: true }],
    [
      'a type that is taken away often, and a tight deadline',
      { instanceType: 'm5.4xlarge', deadline: millis(65 * MINUTE) },
    ],
    ['EMR Serverless', { platform: 'emr-serverless' }],
    ['GPUs', { gpu: true }],
  ])('not for %s', ([, changes]) => {
    expect(topics({ ...able, ...changes })).not.toContain('spot')
  })

  test('what decides it and is not known is asked for', () => {
    expect(needs({ ...able, properties: {} }).join()).toContain('whether repeating its writes is harmless')
    expect(needs({ ...able, deadline: null }).join()).toContain('how long it may take')
    expect(needs({ ...able, instanceType: 'x9.4xlarge' }).join()).toContain(
      'spot price and interruption rate of x9',
    )
  })
})

describe('cluster or serverless', () => {
  const idle: Job = { ...WELL, slotUtilisation: 0.2, taskTime: millis(480 * MINUTE) }

  test('a cluster that is idle four fifths of its time', () => {
    const advice = one('serverless', idle)
    // Forty cores start for a minute, and wait for the three in which only the driver works.
    const used = ((480 / 60 / 0.85 + (40 * (1 + 0.05 * 60)) / 60) * 20 * 30) / (19 + 1 / 24)
    expect(advice.cost.after.map(({ quantity }) => quantity)).toEqual([
      expect.closeTo(used, 6),
      expect.closeTo((used / 4) * 16, 6),
    ])
  })

  test('not where it is used, and not for a stream', () => {
    expect(topics({ ...WELL, slotUtilisation: 0.7, taskTime: millis(1_680 * MINUTE) })).toEqual([])
    expect(topics({ ...idle, streaming: true })).not.toContain('serverless')
  })

  test('idle time is saved once: the total is of fewer executors or of serverless, never of both', () => {
    const { advice } = findings({ slotUtilisation: 0.1, taskTime: millis(240 * MINUTE) })
    expect(advice.map(({ topic, alternatives }) => `${topic} ${alternatives}`)).toEqual([
      'executors executors:logs/nightly orders',
      'serverless executors:logs/nightly orders',
      'glue executors:logs/nightly orders',
    ])
    expect(Object.keys(totalOf(advice).byTopic)).toEqual(['executors'])
  })

  test('spot saves on what fewer executors left', () => {
    const { advice } = findings({
      deadline: millis(10 * HOUR),
      instanceType: 'm8g.4xlarge',
      properties: { 'spark.sql.extensions': 'io.delta.sql.DeltaSparkSessionExtension' },
    })
    expect(advice.map(({ topic }) => topic)).toEqual(['executors', 'spot'])
    const { byTopic, before, after } = totalOf(advice)
    const [fewer, spot] = advice.map(({ cost }) => cost.savings!.p50)
    expect(byTopic['executors']).toBeCloseTo(fewer!, 6)
    expect(byTopic['spot']).toBeCloseTo(spot! * (1 - fewer! / before), 6)
    expect(before - after).toBeCloseTo(byTopic['executors']! + byTopic['spot']!, 6)
  })
})
