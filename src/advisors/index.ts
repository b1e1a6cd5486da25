// The registry: one line an advisor.
import type { Advisor } from './advisor.ts'
import { compute } from './compute/compute.ts'
import { hosts } from './hosts/hosts.ts'
import { layout } from './layout/layout.ts'
import { lifecycle } from './lifecycle/lifecycle.ts'
import { schedule } from './schedule/schedule.ts'

export const advisors: readonly Advisor[] = [compute, hosts, layout, lifecycle, schedule]
