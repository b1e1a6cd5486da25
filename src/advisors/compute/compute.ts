// The compute advisor: what applications hold and what they use of it, from their event logs; each rule is a function of one job.
import { type Advisor, type Findings, judgeEach, together } from '../advisor.ts'
import { athena } from './athena.ts'
import { driver, skew } from './balance.ts'
import { cluster } from './cluster.ts'
import { type JobView, jobViews, need } from './job-view.ts'
import { memory } from './memory.ts'
import { serverless } from './serverless.ts'
import { sizing } from './sizing.ts'
import { spot } from './spot.ts'

/** A cluster that suits spot instances stays one. */
function purchase(job: JobView): Findings {
  if (job.newest.platform === null)
    return need(
      job,
      'who runs its executors: `platform` of the spark source, to hold clusters against serverless',
    )
  const onSpot = spot(job)
  return onSpot.advice.length > 0 ? onSpot : together([onSpot, serverless(job), cluster(job), athena(job)])
}

const RULES: ReadonlyArray<(job: JobView) => Findings> = [sizing, memory, skew, driver, purchase]

export const compute: Advisor = {
  name: 'compute',
  advise: (view, prices, now) => judgeEach('compute', jobViews(view, prices, now), RULES),
}
