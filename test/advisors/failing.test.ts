// A rule that throws is a fault of ours: it stops nothing else, is counted, and takes no advice back.
import { expect, test } from 'vitest'
import type { Advisor } from '../../src/advisors/advisor.ts'
import { adviseAll, advise, loadPrices, restate } from '../../src/advisors/advisors.ts'
import { advisors } from '../../src/advisors/index.ts'
import { adviceSamples } from '../../src/catalogue/advice.ts'
import type { AdviceFact } from '../../src/model/advice.ts'
import { DAY, plus } from '../../src/model/units.ts'
import { NOW } from '../model/a-table.ts'
import { factView } from './fact-view.ts'
import { someWorld } from './worlds.ts'

const prices = loadPrices()
const LATER = plus(NOW, DAY)
const adviceIn = (facts: readonly { readonly kind: string }[]) =>
  facts.filter((fact): fact is AdviceFact => fact.kind === 'advice')
const known = adviceIn(adviseAll(factView(someWorld()), prices, NOW).facts)
const broken = (name: string): Advisor => ({
  name,
  advise() {
    throw new Error('out of order')
  },
})

test('an advisor that throws stops no other, and what it advised stays as it was', () => {
  for (const { name } of advisors) {
    const from = advisors.map((advisor) => (advisor.name === name ? broken(name) : advisor))
    const { facts, failed } = adviseAll(factView([...someWorld(), ...known]), prices, LATER, from)
    expect(failed).toEqual([{ advisor: name, subject: '', error: 'out of order' }])
    const told = new Set(adviceIn(facts).map(({ advice, state }) => `${advice.advisor} ${state}`))
    const others = advisors.filter((advisor) => advisor.name !== name)
    expect([...told].toSorted()).toEqual(others.map((advisor) => `${advisor.name} active`).toSorted())
  }
})

test('rules that throw wherever they look at a price take nothing back', () => {
  const poisoned = new Proxy(prices, {
    get() {
      throw new Error('no prices')
    },
  })
  const { facts, failed } = adviseAll(factView([...someWorld(), ...known]), poisoned, LATER)
  expect(new Set(failed.map(({ advisor }) => advisor))).toEqual(new Set(advisors.map(({ name }) => name)))
  expect(new Set(adviceIn(facts).map(({ state }) => state))).not.toContain('expired')
})

test('a rule that throws on one table stops neither other rules on it nor itself on others', () => {
  const world = someWorld()
  const table = world.find((fact) => fact.kind === 'table')!
  const bad = { ...table, id: `${table.id}2`, table: `${table.table}2`, location: `${table.location}2` }
  Object.defineProperty(bad, 'layout', {
    get() {
      throw new Error('no such layout')
    },
  })
  const { advice, failed } = advise(factView([bad, ...world]), prices, NOW)
  expect(failed).toContainEqual({ advisor: 'layout', subject: bad.table, error: 'no such layout' })
  const about = (tableId: string) =>
    advice.flatMap(({ target, topic }) => (target.tableId === tableId ? [topic] : [])).toSorted()
  const whole = known.flatMap((fact) => (fact.advice.target.tableId === table.id ? [fact.advice.topic] : []))
  expect(about(table.id)).toEqual(whole.toSorted())
  const rest = about(bad.id)
  expect(rest).not.toEqual([])
  expect(rest.length).toBeLessThan(whole.length)
})

test('the count is kept with the total, through a decision, and told as a metric', () => {
  const { facts } = adviseAll(factView([...someWorld(), ...known]), prices, LATER, [broken('layout')])
  const view = factView([...known, facts.at(-1)!])
  const after = restate(view, known[0]!, LATER)
  expect(after.failed).toBe(1)
  const samples = adviceSamples(factView([...known, after]))
  expect(samples.filter(({ name }) => name === 'tidemark_advice_failed')).toMatchObject([{ value: 1 }])
})
