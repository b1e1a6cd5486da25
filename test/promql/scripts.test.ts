// Our own test scripts, in the language that the conformance suite speaks.
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { runScript } from './script.ts'

const dir = path.join(import.meta.dirname, 'scripts')

describe('scripts', () => {
  test.each(fs.readdirSync(dir))('%s', (name) => {
    const outcomes = runScript(fs.readFileSync(path.join(dir, name), 'utf8'))

    expect(outcomes.length).toBeGreaterThan(0)
    expect(outcomes.filter(({ failure, skipped }) => failure !== null || skipped)).toEqual([])
  })

  test('the runner sees what is wrong', () => {
    const load = 'load 1m\n  m{a="1"} 1 2 3\n\n'
    const failures = (text: string) => runScript(load + text).map(({ failure }) => failure)

    expect(failures('eval instant at 1m m\n  m{a="1"} 2')).toEqual([null])
    expect(failures('eval instant at 1m m\n  m{a="1"} 3')[0]).toContain('expected 3')
    expect(failures('eval instant at 1m m\n  m{a="2"} 2')[0]).toContain('unexpected')
    expect(failures('eval instant at 1m m')[0]).toContain('unexpected')
    expect(failures('eval instant at 1m n\n  m{a="1"} 2')[0]).toContain('missing')
    expect(failures('eval instant at 1m m\n  expect fail')[0]).toContain('expected an error')
    expect(failures('eval instant at 1m m\n  expect warn')[0]).toContain('expected warn annotations')
    expect(failures('eval instant at 1m quantile(2, m)\n  expect no_warn\n  {} +Inf')[0]).toContain(
      'unexpected warn',
    )
    expect(failures('eval instant at 1m {')[0]).toContain('unexpected end of input inside braces')
    expect(failures('eval range from 0 to 2m step 1m m\n  m{a="1"} 1 2')[0]).toContain('expected 2 points')
    expect(failures('eval range from 0 to 2m step 1m m\n  m{a="1"} 1 2 4')[0]).toContain('expected 4@120000')
  })
})
