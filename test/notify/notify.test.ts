// The way of alerts through notifications on a clock that the test moves.
import { describe, expect, test } from 'vitest'
import { answer, at, createWorld, firing, resolved } from './world.ts'

const CONFIG = `
route: { receiver: hook, group_by: [alertname], group_wait: 10s, group_interval: 1m, repeat_interval: 10m }
receivers: [ { name: hook, webhook_configs: [ { url: 'http://hook.example/a' } ] } ]
`

describe('timing', () => {
  test('a group waits, then is told together, once', async () => {
    const world = createWorld(CONFIG)
    await world.push(1, firing('Late', { i: '1' }))
    await world.push(5, firing('Late', { i: '2' }), firing('Late', { i: '1' }))
    await world.until(300)

    expect(world.told()).toEqual(['+11s firing: Late1 Late2'])
  })

  test('new alerts, resolved alerts and repeats come at the group interval', async () => {
    const world = createWorld(CONFIG)
    await world.push(0, firing('Late', { i: '1' }))
    await world.push(30, firing('Late', { i: '2' }))
    await world.push(100, resolved('Late', at(100), { i: '1' }))
    await world.until(1_000)
    await world.push(1_001, resolved('Late', at(1_001), { i: '2' }))
    await world.until(2_000)

    expect(world.told()).toEqual([
      '+10s firing: Late1',
      '+70s firing: Late1 Late2',
      '+130s firing: Late2 | resolved: Late1',
      '+730s firing: Late2',
      '+1030s resolved: Late2',
    ])
    expect(world.notifier.groups()).toEqual([])
  })
})

describe('restart', () => {
  test('neither repeats nor sends early', async () => {
    const world = createWorld(CONFIG)
    await world.push(0, firing('Late', { i: '1' }))
    await world.until(5)
    world.restart()
    await world.until(9)
    expect(world.told()).toEqual([])
    await world.until(20)
    world.restart()
    await world.until(100)

    expect(world.told()).toEqual(['+10s firing: Late1'])
  })

  test('a delivery without an answer is made again under the same id', async () => {
    const world = createWorld(CONFIG)
    world.behave = () => new Promise(() => {})
    await world.push(0, firing('Late'))
    await world.until(11)
    world.restart()
    world.behave = () => answer(200)
    await world.until(12)

    expect(world.told()).toEqual(['+12s firing: Late'])
    expect(world.calls.map(({ headers }) => headers['webhook-id'])).toEqual([
      expect.stringMatching(/^[0-9a-f]{32}$/),
    ])
  })
})
