// What keeps executors waiting whatever their number: one long task of a stage, and stretches in which only the driver works.
import type { UnevenStage } from '../../model/application-facts.ts'
import { MINUTE, SECOND, readableDuration } from '../../model/units.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { finish } from '../draft.ts'
import { BILLING_INPUTS, executorLines, hoursText } from './billing.ts'
import { type JobView, about, found, hasRoom, quantile, typical } from './job-view.ts'

/** longest / median task from which a stage is skewed, and the share of the whole that waiting for it takes. */
const SKEWED = 4
const LEAST_WAIT = 0.1
const DRIVER_ALONE = 0.5
const SHORTEST = 5 * MINUTE
/** Part of the wait that is gone where a stage is evened out. */
const SPLIT = 0.75
/** Part of the idle time that executors which go away when idle really save. */
const RELEASED = 0.7

export function skew(job: JobView): Findings {
  const { executions, newest } = job
  if (newest.gpu || newest.streaming) return NOTHING
  const skewed = executions.flatMap((one) => {
    const stage = one.unevenStages.find((candidate) => isSkewed(candidate, one.wall))
    return stage === undefined ? [] : [{ stage, share: (stage.longest - stage.median) / one.wall }]
  })
  const newestStage = newest.unevenStages.find((candidate) => isSkewed(candidate, newest.wall))
  if (skewed.length * 2 <= executions.length || newestStage === undefined) return NOTHING
  const share = Math.min(
    0.9,
    quantile(
      skewed.map((one) => one.share),
      0.5,
    ),
  )
  const adaptive =
    newest.properties['spark.sql.adaptive.enabled'] === 'true' &&
    newest.properties['spark.sql.adaptive.skewJoin.enabled'] !== 'false'
  const { executorHours } = job
  // At best the wait is gone, at worst none of it: most of it where the heavy partition can be split.
  const after = executorHours * (1 - share * SPLIT)
  const lines = { before: executorLines(job, executorHours), after: executorLines(job, after) }
  const name = newestStage.name.slice(0, 120)
  return {
    advice: [
      finish(
        {
          ...about(job),
          topic: 'skew',
          shape: 'skew',
          stage: 'layout',
          title: `Even out a stage of ${job.application}: its longest task takes ${Math.round(newestStage.skew)} times the median`,
          why: `In stage ${newestStage.stage} (${JSON.stringify(name)}) one of ${newestStage.tasks} tasks takes ${readableDuration(newestStage.longest)}, the median ${readableDuration(newestStage.median)}; all executors wait for it, ${Math.round(share * 100)} % of the whole. ${skewed.length} of ${executions.length} executions are like that.`,
          evidence: [
            found(job, 'longest task / median task', newestStage.skew, 'ratio', 'newest'),
            found(job, 'wait for the longest task / wall time', share, 'ratio'),
          ],
          inputsMissing: lines.before === null ? [BILLING_INPUTS] : [],
          cost: {
            ...(lines.before === null || lines.after === null ? { before: null, after: null } : lines),
            oneOff: [],
            spread: { low: 0, high: 1.2 / SPLIT },
            breakEven: hoursText(executorHours, after),
          },
          effects: ['executions become shorter'],
          risk: {
            performance: 1,
            dataLoss: 'none',
            blastRadius: `executions of ${job.application}`,
            reasons: ['skewed partitions are read more than once where a join splits them'],
          },
          confidence: adaptive ? 0.4 : 0.55,
          effort: adaptive ? 'high' : 'low',
          restartNeeded: true,
          change: {
            format: adaptive ? 'text' : 'spark-conf',
            before: null,
            after: adaptive
              ? `Spark splits skewed joins already (AQE) and this stage is none, or its key has one heavy value: add a salt to the key of stage ${newestStage.stage}, aggregate twice, or handle the heavy value by itself`
              : 'spark.sql.adaptive.enabled true\nspark.sql.adaptive.skewJoin.enabled true',
            applyCommand: null,
            otherForms: [],
            preconditions: ['the stage is still there: plans change with the query'],
            verifySteps: ['the longest task of the stage comes near its median'],
            rollback: adaptive ? 'put the old query back' : 'spark.sql.adaptive.skewJoin.enabled false',
          },
        },
        job.prices,
        job.now,
      ),
    ],
    needs: [],
  }
}

const isSkewed = (stage: UnevenStage, wall: number): boolean =>
  stage.skew >= SKEWED && stage.longest - stage.median >= wall * LEAST_WAIT

export function driver(job: JobView): Findings {
  const { newest, executorHours } = job
  const share = typical(job, ({ driverShare }) => driverShare)
  const wall = quantile(
    job.executions.map((one) => one.wall),
    0.5,
  )
  if (share === null || share < DRIVER_ALONE || wall < SHORTEST) return NOTHING
  if (newest.executors.dynamic || newest.streaming || newest.gpu || !hasRoom(job)) return NOTHING
  const after = executorHours * (1 - share * RELEASED)
  // On machines of a cluster nothing is saved until they go, and executors that come back take their time.
  const onMachines = newest.platform === 'emr' || newest.platform === 'ec2'
  const lines = onMachines
    ? { before: null, after: null }
    : { before: executorLines(job, executorHours), after: executorLines(job, after) }
  const { peak } = newest.executors
  return {
    advice: [
      finish(
        {
          ...about(job),
          topic: 'driver-alone',
          shape: 'dynamic',
          stage: 'size',
          alternatives: `executors:${job.pipelineId}`,
          title: `Let executors of ${job.application} go while only its driver works`,
          why: `${Math.round(share * 100)} % of its ${readableDuration(wall as never)} no job runs: the driver plans, lists files, collects or waits for others, and ${peak} executors are paid for meanwhile.`,
          evidence: [
            found(job, 'tidemark_application_last_driver_ratio', share, 'ratio'),
            found(job, 'duration', wall / SECOND, 'seconds'),
          ],
          inputsMissing: onMachines
            ? [
                'whether machines of the cluster go away when they hold no executor: managed scaling, and its limits',
              ]
            : lines.before === null
              ? [BILLING_INPUTS]
              : [],
          cost: {
            ...(lines.before === null || lines.after === null ? { before: null, after: null } : lines),
            oneOff: [],
            spread: { low: 0.4, high: 1.3 },
            breakEven: hoursText(executorHours, after),
          },
          effects: [
            'executors come back when tasks wait: seconds on a cluster, minutes where machines start',
          ],
          risk: {
            performance: 2,
            dataLoss: 'none',
            blastRadius: `executions of ${job.application}`,
            reasons: ['cached data goes with its executor', 'it saves only where idle machines go away'],
          },
          confidence: 0.6,
          effort: 'low',
          restartNeeded: true,
          change: {
            format: 'spark-conf',
            before: 'spark.dynamicAllocation.enabled false',
            after: [
              'spark.dynamicAllocation.enabled true',
              'spark.dynamicAllocation.shuffleTracking.enabled true',
              'spark.dynamicAllocation.executorIdleTimeout 60s',
              `spark.dynamicAllocation.maxExecutors ${peak}`,
            ].join('\n'),
            applyCommand: null,
            otherForms: [],
            preconditions: ['nothing it caches is needed after an idle minute'],
            verifySteps: [
              'tidemark_application_last_core_seconds falls',
              `tidemark_application_last_duration_seconds stays below ${Math.round((wall * 1.1) / SECOND)}`,
            ],
            rollback: 'spark.dynamicAllocation.enabled false',
          },
        },
        job.prices,
        job.now,
      ),
    ],
    needs: [],
  }
}
