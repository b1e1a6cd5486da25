// Instance types: processors and memory as their names say, and what an hour costs.
import type { MeterLine } from '../../model/advice.ts'
import type { Known } from '../../model/known.ts'
import { type Prices, meterLine } from '../prices.ts'

export interface Shape {
  readonly type: string
  readonly vcpus: number
  readonly gib: number
  /** Graviton: what runs on it must be built for it. */
  readonly arm: boolean
  /** Of its own (instance store), which jobs shuffle and spill to. */
  readonly disks: boolean
}

/** GiB for each vCPU of the families that serve data work; burstable ones are judged by their credits, not by this. */
const GIB_A_VCPU: Readonly<Record<string, number>> = { c: 2, m: 4, r: 8, i: 8 }
const SIZES: Readonly<Record<string, number>> = { large: 2, xlarge: 4 }

/** Null for what is not of these families, and for bare metal. */
export function shapeOf(type: string): Known<Shape> {
  const [, family = '', generation = '', times = '', size = ''] =
    /^([cmri])(\d[a-z]*)\.(\d{0,2})(large|xlarge)$/.exec(type) ?? []
  const each = GIB_A_VCPU[family]
  const base = SIZES[size]
  if (each === undefined || base === undefined || (size === 'large' && times !== '')) return null
  const vcpus = base * (times === '' ? 1 : Number(times))
  const disks = family === 'i' || generation.includes('d')
  return { type, vcpus, gib: vcpus * each, arm: /^\dg/.test(generation), disks }
}

const FAMILIES = 'c5 c6i c6a c7i c6g c7g c8g m5 m6i m6a m7i m6g m7g m8g r5 r6i r7i r6g r7g r8g'.split(' ')
const SIZE_NAMES = ['large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge', '24xlarge']
/** Not sold. */
const NO_SIZES = /^(c5\.(8|16)xlarge|[cmr][67]g\.24xlarge)$/
const PRICED_SIZES = ['4xlarge', '2xlarge', 'xlarge']

/** What a host could become. */
export const SHAPES: readonly Shape[] = FAMILIES.flatMap((family) =>
  SIZE_NAMES.map((size) => `${family}.${size}`)
    .filter((type) => !NO_SIZES.test(type))
    .flatMap((type) => shapeOf(type) ?? []),
)

/** Hours of a type. Within a family prices are proportional to size, so a size the book lacks is priced by one it has. */
export function hoursOf(prices: Prices, resource: string, type: string, hours: number): Known<MeterLine> {
  const own = meterLine(prices, resource, `ec2.${type}.ondemand`, hours)
  const shape = shapeOf(type)
  if (own !== null || shape === null) return own
  const family = type.split('.')[0]
  for (const size of PRICED_SIZES) {
    const sibling = shapeOf(`${family}.${size}`)
    if (sibling === null) continue
    const line = meterLine(
      prices,
      resource,
      `ec2.${sibling.type}.ondemand`,
      (hours * shape.vcpus) / sibling.vcpus,
    )
    if (line !== null) return line
  }
  return null
}
