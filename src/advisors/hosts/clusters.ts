// EMR clusters that wait: they can end themselves.
import type { Timestamp } from '../../model/units.ts'
import type { UsageFact } from '../../model/usage.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { finish } from '../draft.ts'
import type { Prices } from '../prices.ts'
import { about, found, need, watched } from './host-view.ts'

/** Less than this share of its time idle is the price of being there. */
const LEAST_IDLE = 0.25
const IDLE_SECONDS = 3_600

export function cluster(host: UsageFact, prices: Prices, now: Timestamp): Findings {
  const judged = watched(host.measures['IsIdle'])
  if ('lacks' in judged) return need(host, `IsIdle: ${judged.lacks}`)
  const hours = judged.view.byHourOfWeek?.filter((share) => share !== null) ?? []
  if (hours.length === 0) return NOTHING
  const share = hours.reduce((sum, one) => sum + one, 0) / hours.length
  if (share < LEAST_IDLE) return NOTHING
  const id = host.resource
  const percent = (share * 100).toFixed(0)
  return {
    needs: [],
    advice: [
      finish(
        {
          ...about(host),
          restartNeeded: false,
          topic: 'auto-terminate',
          shape: 'auto-terminate',
          stage: 'eliminate',
          title: `Let the EMR cluster ${id} end itself when it is idle`,
          why: `It ran no job and held no container for ${percent} % of its time.`,
          evidence: [found({ host }, 'IsIdle', share, 'ratio', 'mean', judged.view.samples)],
          inputsMissing: [
            'what its instances cost an hour: their types and numbers are not among its metrics',
          ],
          cost: {
            before: null,
            after: null,
            oneOff: [],
            breakEven: `it saves up to ${percent} % of what its instances and EMR cost, less the ten minutes or so that each start takes`,
          },
          effects: ['the next job waits until a cluster has started'],
          risk: {
            performance: 2,
            dataLoss: 'reversible',
            blastRadius: `jobs and notebooks on ${id}`,
            reasons: ['HDFS and local disks end with the cluster: what is only there is lost'],
          },
          confidence: 0.7,
          effort: 'low',
          change: {
            format: 'aws-cli',
            before: null,
            after: `aws emr put-auto-termination-policy --cluster-id ${id} --auto-termination-policy IdleTimeout=${IDLE_SECONDS}`,
            applyCommand: null,
            otherForms: [
              { format: 'terraform', text: `auto_termination_policy {\n  idle_timeout = ${IDLE_SECONDS}\n}` },
            ],
            preconditions: [
              'its data is in S3, not in HDFS',
              'whoever submits jobs starts a cluster where there is none',
              'EMR 5.30.0, 6.1.0 or newer',
            ],
            verifySteps: ['IsIdle stays below an hour in a row', 'no pipeline that uses it is late'],
            rollback: `aws emr remove-auto-termination-policy --cluster-id ${id}`,
          },
        },
        prices,
        now,
      ),
    ],
  }
}
