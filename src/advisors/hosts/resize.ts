// The cheapest type that holds what a host needs: the 99.5th percentile of the maximum per five minutes, and a fifth more.
import type { Known } from '../../model/known.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { finish } from '../draft.ts'
import { type HostView, about, found, isPriced, need } from './host-view.ts'
import { type Shape, SHAPES, hoursOf, shapeOf } from './shapes.ts'

/** AWS Compute Optimizer's default headroom of processors and of memory (cost.md §2.1). */
const HEADROOM = 0.2

/** What must be there for `percent` of `size` to be used and the headroom to be free. */
export const needOf = (percent: number, size: number): number => ((percent / 100) * size) / (1 - HEADROOM)

export function resize(view: HostView): Findings {
  const { host, cpu, memory, prices, hoursAMonth } = view
  if (host.instanceType === null)
    return need(
      host,
      'its instance type: `instance_types` of the cloudwatch source, or the dimension InstanceType of the CloudWatch agent',
    )
  const now = shapeOf(host.instanceType)
  if (now === null || cpu.p995 === null) return NOTHING
  const current = isPriced(view) ? hoursOf(prices, host.resource, now.type, hoursAMonth) : null
  if (current === null)
    return need(host, `the price of ${now.type} in ${host.region || 'its region'} (advise.prices)`)
  const vcpus = needOf(cpu.p995, now.vcpus)
  // Without a measure of its memory a host keeps what it has.
  const gib = memory?.p995 == null ? now.gib : needOf(memory.p995, now.gib)
  const best = cheapest(view, now, { vcpus, gib })
  return best === null || best.line.cost >= current.cost
    ? NOTHING
    : { advice: [resized(view, { now, best: best.shape, vcpus, gib }, [current], [best.line])], needs: [] }
}

function cheapest(
  { host, prices, hoursAMonth }: HostView,
  now: Shape,
  least: { readonly vcpus: number; readonly gib: number },
) {
  return SHAPES.filter(
    ({ arm, disks, vcpus, gib, type }) =>
      arm === now.arm && disks === now.disks && vcpus >= least.vcpus && gib >= least.gib && type !== now.type,
  )
    .flatMap((shape) => {
      const line = hoursOf(prices, host.resource, shape.type, hoursAMonth)
      return line === null ? [] : [{ shape, line }]
    })
    .reduce<Known<{ shape: Shape; line: NonNullable<ReturnType<typeof hoursOf>> }>>(
      (best, one) => (best === null || one.line.cost < best.line.cost ? one : best),
      null,
    )
}

/** 0 none … 4 high: by how much of the new size the busiest times take. */
export const riskOf = (share: number): 0 | 1 | 2 | 3 | 4 =>
  share <= 0.4 ? 0 : share <= 0.6 ? 1 : share <= 0.7 ? 2 : share <= 0.8 ? 3 : 4

interface Resized {
  readonly now: Shape
  readonly best: Shape
  readonly vcpus: number
  readonly gib: number
}

function resized(
  view: HostView,
  { now, best, vcpus, gib }: Resized,
  before: Parameters<typeof finish>[0]['cost']['before'],
  after: Parameters<typeof finish>[0]['cost']['after'],
) {
  const { host, cpu, memory } = view
  const busiest = (vcpus * (1 - HEADROOM)) / best.vcpus
  const fullest = memory === null ? 0 : (gib * (1 - HEADROOM)) / best.gib
  const id = host.resource
  const performance = riskOf(Math.max(busiest, fullest))
  return finish(
    {
      ...about(host),
      topic: 'resize-host',
      shape: best.type,
      stage: 'size',
      title: `Make ${id} a ${best.type} instead of a ${now.type}`,
      why: `Its busiest times take ${cpu.p995} % of ${now.vcpus} vCPUs: with a fifth free that needs ${vcpus.toFixed(1)} of them${memory === null ? `; its ${now.gib} GiB are kept, as nobody measured its memory` : `, and ${gib.toFixed(1)} GiB of memory`}. ${best.type} has ${best.vcpus} vCPUs and ${best.gib} GiB.`,
      evidence: [
        found(view, 'CPUUtilization', cpu.p995!, 'percent', 'p99.5 of the maximum per 5 min', cpu.samples),
        ...(memory?.p995 == null
          ? []
          : [
              found(
                view,
                'mem_used_percent',
                memory.p995,
                'percent',
                'p99.5 of the maximum per 5 min',
                memory.samples,
              ),
            ]),
      ],
      inputsMissing: [
        ...(memory === null
          ? [
              'memory in use: install the CloudWatch agent on it (mem_used_percent); with it the advice may save several times as much',
            ]
          : []),
        'network and EBS throughput of the new type against what it uses: the price list does not tell',
      ],
      cost: { before, after, oneOff: [] },
      effects: [
        `its busiest times will take ${(busiest * 100).toFixed(0)} % of its vCPUs${memory === null ? '' : ` and ${(fullest * 100).toFixed(0)} % of its memory`}`,
      ],
      risk: {
        performance,
        dataLoss: 'none',
        blastRadius: `what runs on ${id}`,
        reasons: [
          'the host is stopped and started: instance store is lost, a public address may change',
          'what belongs to EMR, EKS or an Auto Scaling group is sized in its own configuration, its number before its type',
        ],
      },
      confidence: memory === null ? 0.6 : 0.8,
      effort: best.type.split('.')[0] === now.type.split('.')[0] ? 'very low' : 'medium',
      change: {
        format: 'aws-cli',
        before: now.type,
        after: `aws ec2 stop-instances --instance-ids ${id}\naws ec2 wait instance-stopped --instance-ids ${id}\naws ec2 modify-instance-attribute --instance-id ${id} --instance-type Value=${best.type}\naws ec2 start-instances --instance-ids ${id}`,
        applyCommand: null,
        otherForms: [{ format: 'terraform', text: `instance_type = "${best.type}"` }],
        preconditions: [
          'nothing on its instance store is needed',
          `${best.type} is offered in its zone and by its image`,
        ],
        verifySteps: ['p99.5 of CPUUtilization stays below 80 % for two weeks'],
        rollback: `the same commands with Value=${now.type}`,
      },
    },
    view.prices,
    view.now,
  )
}
