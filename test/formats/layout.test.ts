// The planners against what the engines document, and the summary against a plain count of the same files.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { layoutOf } from '../../src/formats/layout.ts'
import { type Planner, planRewrite } from '../../src/formats/rewrite-plan.ts'
import { GIB, MIB } from '../../src/model/units.ts'

const delta: Planner = { kind: 'delta', min: GIB, max: GIB }
const iceberg: Planner = { kind: 'iceberg', target: 512 * MIB }
const mib = (...sizes: number[]): Float64Array => new Float64Array(sizes.map((size) => size * MIB)).sort()
const times = (count: number, size: number): number[] => Array<number>(count).fill(size)

describe('what a planner rewrites', () => {
  test.for<[string, Planner, number[], [files: number, outputs: number]]>([
    ['OPTIMIZE leaves one small file alone', delta, [10], [0, 0]],
    ['OPTIMIZE packs two small files', delta, [10, 10], [2, 1]],
    ['OPTIMIZE leaves files of its target alone', delta, [1_024, 1_500], [0, 0]],
    ['OPTIMIZE opens a second bin', delta, times(20, 100), [20, 2]],
    ['OPTIMIZE leaves what stays alone in a bin', delta, [10, 10, 1_020], [2, 1]],
    ['rewrite_data_files wants five files', iceberg, times(4, 10), [0, 0]],
    ['rewrite_data_files takes five', iceberg, times(5, 10), [5, 1]],
    ['two files are enough when they are more than a target', iceberg, [260, 260], [2, 1]],
    ['a file of 0.75 of the target is well', iceberg, [384, ...times(5, 10)], [5, 1]],
    ['a file above 1.8 of the target is split', iceberg, [1_200], [1, 3]],
    ['a small rest is spread over the others', iceberg, times(11, 100), [11, 2]],
  ])('%s', ([, planner, sizes, [files, outputs]]) => {
    expect(planRewrite(mib(...sizes), planner)).toMatchObject({ files, outputs })
  })
})

test('a summary counts each file once, whatever the order', () => {
  const file = fc.record({ size: fc.integer({ min: 1, max: 2_000 }), partition: fc.nat(30) })
  fc.assert(
    fc.property(fc.array(file, { maxLength: 200 }), fc.constantFrom(delta, iceberg), (files, planner) => {
      const layout = layoutOf(
        {
          sizes: new Float64Array(files.map(({ size }) => size * MIB)),
          partitionOf: new Uint32Array(files.map(({ partition }) => partition)),
          rows: new Float64Array(files.map(() => 7)),
          deleted: new Float64Array(files.map(() => 1)),
          partitions: 31,
          nameOf: (id) => `p=${id}`,
        },
        planner,
        'test',
      )
      const groups = [...Map.groupBy(files, ({ partition }) => partition).values()]
      const plans = groups
        .map((group) => planRewrite(mib(...group.map(({ size }) => size)), planner))
        .filter((plan) => plan.files > plan.outputs)
      expect(layout.rewrite.partitions).toBe(plans.length)
      expect(layout.rewrite.files).toBe(plans.reduce((sum, plan) => sum + plan.files, 0))
      expect(layout.rewrite.bytes).toBe(plans.reduce((sum, plan) => sum + plan.bytes, 0))
      expect(layout.partitions.length).toBe(Math.min(20, groups.length))
      for (const one of layout.partitions) {
        const mine = files.filter(({ partition }) => one.name === `p=${partition}`)
        expect(one).toMatchObject({ files: mine.length, rows: mine.length * 7, deletedRows: mine.length })
      }
      const gains = layout.partitions.map((one) => one.rewriteFiles - one.rewriteOutputs)
      expect(gains).toEqual(gains.toSorted((a, b) => b - a))
    }),
  )
})
