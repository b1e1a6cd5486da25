// The hosts advisor: what instances and clusters use of what they are, as CloudWatch measured it.
import { DAY, type Timestamp } from '../../model/units.ts'
import type { UsageFact } from '../../model/usage.ts'
import { type Advisor, type Findings, NOTHING, judgeEach, together } from '../advisor.ts'
import type { Prices } from '../prices.ts'
import { cluster } from './clusters.ts'
import { hostView, need } from './host-view.ts'
import { idle } from './idle.ts'
import { resize } from './resize.ts'

/** What has had no value for so long is gone. */
const GONE = 2 * DAY

export const hosts: Advisor = {
  name: 'hosts',
  advise(view, prices, now) {
    const there = view.facts('usage').filter(({ asOf }) => now - asOf <= GONE)
    const subjects = there.map((one) => ({ name: one.resource, view: () => one }))
    return judgeEach('hosts', subjects, [(one) => adviseOn(one, prices, now)])
  },
}

/** As AWS spells them: they stand in commands. */
const ID = /^[\w-]+$/

function adviseOn(one: UsageFact, prices: Prices, now: Timestamp): Findings {
  if (one.service !== 'emr' && one.service !== 'ec2') return NOTHING
  if (!ID.test(one.resource)) return need(one, 'its id as AWS spells it, such as i-0123456789abcdef0')
  if (one.service === 'emr') return cluster(one, prices, now)
  const view = hostView(one, prices, now)
  if (!('cpu' in view)) return view
  const unused = idle(view)
  // What is to be stopped needs no other size.
  return unused.advice.some(({ topic }) => topic === 'stop-host') ? unused : together([unused, resize(view)])
}
