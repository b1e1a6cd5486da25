// Hosts that nobody uses: at all, or outside of some hours of the week.
import type { Known } from '../../model/known.ts'
import type { MeterLine } from '../../model/advice.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { finish } from '../draft.ts'
import { type HostView, about, found, isPriced } from './host-view.ts'
import { hoursOf } from './shapes.ts'

/** AWS Compute Optimizer's idle EC2: below 5 % of CPU and 5 MB of network a day for 14 days. */
const IDLE_CPU = 5
const IDLE_BYTES_A_DAY = 5_000_000
/** A schedule must free this share of the hours it runs, or it is not worth its surprises. */
const LEAST_FREED = 0.25
const HOURS_A_DAY = 24
const NO_GROUP = 'it belongs to no cluster and no Auto Scaling group: those replace what is stopped'
const WEEKDAYS = 5

/** Stop it where it is idle always, else start and stop it where it is idle outside of some hours. */
export function idle(view: HostView): Findings {
  const { traffic } = view
  if (traffic === null) return NOTHING
  if (isIdle(view, traffic)) return { advice: [stopped(view, traffic)], needs: [] }
  const hours = busyHours(view, traffic)
  return hours === null ? NOTHING : { advice: [scheduled(view, hours)], needs: [] }
}

const isIdle = ({ cpu }: HostView, traffic: readonly number[]): boolean =>
  cpu.max !== null && cpu.max < IDLE_CPU && busiestDay(traffic) < IDLE_BYTES_A_DAY

const busiestDay = (traffic: readonly number[]): number =>
  Math.max(
    ...Array.from({ length: 7 }, (_, day) =>
      traffic.slice(day * HOURS_A_DAY, (day + 1) * HOURS_A_DAY).reduce((sum, bytes) => sum + bytes, 0),
    ),
  )

/** When it is to run, in UTC: from `from` to before `to`, on weekdays only or every day. */
export interface Hours {
  readonly from: number
  readonly to: number
  readonly weekends: boolean
  /** Hours of the week in which it runs today and need not. */
  readonly freed: number
}

/** The shortest such window that holds every busy hour; null where it frees too little. */
export function busyHours(
  { cpu, running }: Pick<HostView, 'cpu' | 'running'>,
  traffic: readonly number[],
): Known<Hours> {
  const quiet = IDLE_BYTES_A_DAY / HOURS_A_DAY
  const busy = running.map(
    (runs, hour) => runs && ((cpu.byHourOfWeek?.[hour] ?? 0) >= IDLE_CPU || traffic[hour]! >= quiet),
  )
  const hours = busy.flatMap((is, hour) => (is ? [hour % HOURS_A_DAY] : []))
  if (hours.length === 0) return null
  const weekends = busy.slice(WEEKDAYS * HOURS_A_DAY).includes(true)
  const from = Math.min(...hours)
  const to = Math.max(...hours) + 1
  const inWindow = (hour: number): boolean =>
    hour % HOURS_A_DAY >= from && hour % HOURS_A_DAY < to && (weekends || hour < WEEKDAYS * HOURS_A_DAY)
  const ran = running.filter(Boolean).length
  const freed = running.filter((runs, hour) => runs && !inWindow(hour)).length
  return freed < LEAST_FREED * ran ? null : { from, to, weekends, freed }
}

const lineOf = (view: HostView, hours: number): Known<readonly MeterLine[]> => {
  const { host, prices } = view
  if (host.instanceType === null || !isPriced(view)) return null
  const line = hoursOf(prices, host.resource, host.instanceType, hours)
  return line === null ? null : [line]
}

const missing = ({ host }: HostView): string[] =>
  host.instanceType === null ? ['its instance type: `instance_types` of the cloudwatch source'] : []

function stopped(view: HostView, traffic: readonly number[]) {
  const { host, cpu, hoursAMonth } = view
  const id = host.resource
  return finish(
    {
      ...about(host),
      topic: 'stop-host',
      shape: 'stop',
      stage: 'eliminate',
      title: `Stop ${id}: nobody used it for two weeks`,
      why: `Its processors never took more than ${cpu.max} %, and on its busiest weekday it moved ${(busiestDay(traffic) / 1e6).toFixed(1)} MB.`,
      evidence: [
        found(view, 'CPUUtilization', cpu.max!, 'percent', 'max', cpu.samples),
        found(
          view,
          'NetworkIn and NetworkOut',
          busiestDay(traffic),
          'bytes/day',
          'busiest weekday',
          cpu.samples,
        ),
      ],
      inputsMissing: missing(view),
      cost: {
        before: lineOf(view, hoursAMonth),
        after: [],
        oneOff: [],
        breakEven: 'it saves whatever the host costs by the hour; its volumes go on costing',
      },
      effects: ['its volumes stay, and cost what they cost; a public address may change at the next start'],
      risk: {
        performance: 1,
        dataLoss: 'none',
        blastRadius: `what runs on ${id}`,
        reasons: [
          'a host that waits for an emergency looks idle: ask its owner',
          'two weeks do not show what happens at the end of a month',
          'instance store is lost',
        ],
      },
      confidence: 0.8,
      effort: 'low',
      change: {
        format: 'aws-cli',
        before: null,
        after: `aws ec2 stop-instances --instance-ids ${id}`,
        applyCommand: null,
        otherForms: [],
        preconditions: ['its owner agrees', NO_GROUP, 'nothing on its instance store is needed'],
        verifySteps: ['nobody asks for it within two weeks; then take its image and terminate it'],
        rollback: `aws ec2 start-instances --instance-ids ${id}`,
      },
    },
    view.prices,
    view.now,
  )
}

/** EventBridge Scheduler's cron, in UTC. */
const cron = (hour: number, days: string): string => `cron(0 ${hour} ? * ${days} *)`

/** What ends at midnight is stopped at the beginning of the next day; a start and a stop never meet. */
function crons({ from, to, weekends }: Hours): { readonly start: string; readonly stop: string } {
  const midnight = to === HOURS_A_DAY
  if (midnight && from === 0) return { start: cron(0, 'MON'), stop: cron(0, 'SAT') }
  const days = weekends ? '*' : 'MON-FRI'
  return { start: cron(from, days), stop: cron(midnight ? 0 : to, midnight && !weekends ? 'TUE-SAT' : days) }
}

const schedule = (id: string, name: 'start' | 'stop', expression: string): string =>
  `aws scheduler create-schedule --name ${name}-${id} --schedule-expression '${expression}' --flexible-time-window Mode=OFF --target '{"Arn":"arn:aws:scheduler:::aws-sdk:ec2:${name}Instances","RoleArn":"<role>","Input":"{\\"InstanceIds\\":[\\"${id}\\"]}"}'`

function scheduled(view: HostView, hours: Hours) {
  const { from, to, weekends, freed } = hours
  const { host, hoursAMonth, running, cpu } = view
  const id = host.resource
  const ran = running.filter(Boolean).length
  const days = weekends ? 'every day' : 'Monday to Friday'
  const clock = (hour: number): string => `${String(hour % HOURS_A_DAY).padStart(2, '0')}:00`
  const { start, stop } = crons(hours)
  return finish(
    {
      ...about(host),
      topic: 'schedule-host',
      shape: `${from}-${to}${weekends ? '' : ' weekdays'}`,
      stage: 'schedule',
      title: `Run ${id} from ${clock(from)} to ${clock(to)} UTC, ${days}`,
      why: `Outside of these hours it takes less than ${IDLE_CPU} % of its processors and moves nearly nothing: ${freed} of the ${ran} hours it runs a week are not needed.`,
      evidence: [
        found(view, 'CPUUtilization', freed, 'hours/week', `hours below ${IDLE_CPU} %`, cpu.samples),
      ],
      inputsMissing: missing(view),
      cost: {
        before: lineOf(view, hoursAMonth),
        after: lineOf(view, hoursAMonth * (1 - freed / ran)),
        oneOff: [],
        breakEven: `it saves ${((freed / ran) * 100).toFixed(0)} % of whatever the host costs by the hour`,
      },
      effects: ['it is not there outside of these hours; what it holds in memory is lost at each stop'],
      risk: {
        performance: 2,
        dataLoss: 'none',
        blastRadius: `what runs on ${id}`,
        reasons: [
          'two weeks do not show what happens at the end of a month',
          'hours are UTC: in summer time they lie an hour later in the local day',
        ],
      },
      confidence: 0.6,
      effort: 'low',
      change: {
        format: 'cron',
        before: null,
        after: `start ${start}\nstop ${stop}`,
        applyCommand: `${schedule(id, 'start', start)}\n${schedule(id, 'stop', stop)}`,
        otherForms: [],
        preconditions: ['its owner agrees', NO_GROUP, 'what runs on it starts with it'],
        verifySteps: ['no pipeline that uses it is late in the two weeks after'],
        rollback: `aws scheduler delete-schedule --name start-${id}; aws scheduler delete-schedule --name stop-${id}`,
      },
    },
    view.prices,
    view.now,
  )
}
