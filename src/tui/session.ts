// The life of the terminal UI outside of React: what was answered, where the user is, what is asked next.
import type { Client } from '../api/client.ts'
import { explainError } from '../model/errors.ts'
import { printable } from '../model/text.ts'
import { type Millis, type Timestamp, between, millis } from '../model/units.ts'
import { type Alert, alerts } from './answers.ts'
import { type Action } from './action.ts'
import { type Feed, type Held, NOTHING, ask, failureOf, getFrom, isAsked } from './feed.ts'
import { type Connection, frame } from './frame.ts'
import { type Line, plainText } from './line.ts'
import { type Key, press } from './press.ts'
import { alertState } from './alert-health.ts'
import { type News, log, newsOf, toNews } from './news.ts'
import { type Look, type Place } from './screen.ts'
import { spoken } from './spoken.ts'
import { screenOf } from './screens.ts'
import { type Size, newMemo, sceneOf } from './scene.ts'
import { type Effect, type Notice, type Ui, current, start } from './view.ts'

export interface Ticking {
  now(): Timestamp
  monotonic(): Millis
  sleep(length: Millis, signal: AbortSignal): Promise<void>
}

export interface SessionOptions {
  readonly client: Client
  readonly clock: Ticking
  readonly place: Place
  /** Who is said to have silenced and acknowledged. */
  readonly by: string
  /** Sentences instead of columns. */
  readonly screenReader: boolean
  /** To the clipboard of the terminal. */
  readonly copy: (text: string) => void
  /** Why the terminal takes nothing for its clipboard; null where it may. */
  readonly copyRefusal: string | null
  readonly quit: () => void
}

const TICK = millis(2_000)
const REFRESH = millis(2_000)
const SLOWEST_REFRESH = millis(60_000)
/** Watching costs at most this share of a core here, however large an answer is. */
const SHARE = 1 / 80
const MAX_NEWS = 500
const MAX_PRINTED = 100
/** Bytes: with more the sequence passes 100,000 characters, where terminals begin to drop it. */
const MAX_COPIED = 74_000
/** Asked whatever is on the screen: the header counts alerts. */
const ALWAYS: ReadonlyArray<Feed<unknown>> = [alerts]

export class Session {
  readonly #options: SessionOptions
  readonly #held = new Map<string, Held>()
  readonly #next = new Map<string, Millis>()
  readonly #asking = new Set<string>()
  readonly #listeners = new Set<() => void>()
  readonly #memo = newMemo()
  readonly #printed: string[] = []
  #news: readonly News[] = []
  #ui: Ui
  #now: Timestamp
  #size: Size = { columns: 80, rows: 24 }
  #drawn: readonly Line[] | null = null
  /** What a screen reader was told last. */
  #said: readonly Line[] | null = null

  constructor(options: SessionOptions) {
    this.#options = options
    this.#ui = start(options.place)
    this.#now = options.clock.now()
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The same array until something changed. */
  frame = (): readonly Line[] => (this.#drawn ??= this.#draw())

  /** Commands that the user asked to see, and what could not be copied: printed when the screen is gone. */
  get printed(): readonly string[] {
    return this.#printed
  }

  resize(size: Size): void {
    if (size.columns === this.#size.columns && size.rows === this.#size.rows) return
    this.#size = size
    this.#changed()
  }

  press(key: Key): void {
    const place = current(this.#ui).place
    const { ui, effect } = press(this.#ui, key, this.#scene())
    this.#ui = ui
    this.#said = null
    if (effect !== undefined) this.#effect(effect)
    if (current(ui).place !== place) this.#askDue()
    this.#changed()
  }

  /** Asks and ticks until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    while (!signal.aborted) {
      this.#now = clock.now()
      this.#askDue(signal)
      this.#changed()
      await clock.sleep(millis(TICK - (this.#now % TICK)), signal)
    }
  }

  // ── what is asked ───────────────────────────────────────────────────────────────────────────────

  #feeds(): ReadonlyArray<Feed<unknown>> {
    const { place } = current(this.#ui)
    return screenOf(place.screen)!.feeds(place.subject)
  }

  #askDue(signal?: AbortSignal): void {
    const at = this.#options.clock.monotonic()
    for (const feed of [...this.#feeds(), ...ALWAYS]) {
      if (!isAsked(feed) || this.#asking.has(feed.key) || (this.#next.get(feed.key) ?? 0) > at) continue
      this.#asking.add(feed.key)
      void this.#ask(feed, at, signal)
    }
  }

  async #ask(feed: Feed<unknown>, from: Millis, signal?: AbortSignal): Promise<void> {
    const { client, clock } = this.#options
    const before = this.#held.get(feed.key)
    try {
      const { value, tag } = await ask(client, feed, before, signal)
      this.#tell(newsOf(feed, before, value, clock.now()))
      this.#held.set(feed.key, { value, tag, at: clock.now(), error: null })
    } catch (error) {
      const failure = failureOf(error)
      if (before?.error?.text !== failure.text)
        this.#tell([toNews(clock.now(), 'bad', `${feed.path}: ${failure.text}`)])
      this.#held.set(feed.key, { ...NOTHING, ...before, error: failure })
    }
    const took = between(from as number as Timestamp, clock.monotonic() as number as Timestamp)
    const wait = Math.min(Math.max(REFRESH, took / SHARE), SLOWEST_REFRESH)
    this.#next.set(feed.key, millis(clock.monotonic() + wait))
    this.#asking.delete(feed.key)
    this.#changed()
  }

  #tell(news: readonly News[]): void {
    if (news.length === 0) return
    this.#news = [...news, ...this.#news].slice(0, MAX_NEWS)
    this.#held.set(log.key, { ...NOTHING, value: this.#news, at: this.#now })
  }

  // ── what is shown ───────────────────────────────────────────────────────────────────────────────

  #look(): Look {
    return { get: getFrom(this.#held), now: this.#now, subject: current(this.#ui).place.subject }
  }

  #scene() {
    return sceneOf(this.#ui, this.#look(), this.#size, this.#memo)
  }

  #draw(): readonly Line[] {
    const scene = this.#scene()
    if (!this.#options.screenReader) return frame(this.#ui, scene, this.#size, this.#connection())
    const said = spoken(this.#ui, scene, this.#connection())
    if (this.#said === null || timeless(said) !== timeless(this.#said)) this.#said = said
    return this.#said
  }

  #connection(): Connection {
    const held = this.#feeds().flatMap((feed) => this.#held.get(feed.key) ?? [])
    const times = held.map(({ at }) => at)
    const known = held.length > 0 && times.every((at) => at !== null)
    const firing = this.#held.get(alerts.key)?.value as readonly Alert[] | undefined
    const count = (state: string) => firing!.filter((alert) => alertState(alert).state === state).length
    return {
      url: this.#options.client.url,
      age: known ? millis(Math.max(0, this.#now - Math.min(...times.map(Number)))) : null,
      error: held.find(({ error }) => error !== null)?.error ?? null,
      firing: firing === undefined ? null : { bad: count('bad'), warn: count('warn') },
    }
  }

  #changed(): void {
    this.#drawn = null
    for (const listener of this.#listeners) listener()
  }

  // ── what is done ────────────────────────────────────────────────────────────────────────────────

  #effect(effect: Effect): void {
    switch (effect.kind) {
      case 'quit':
        return this.#options.quit()
      case 'refresh':
        this.#next.clear()
        return this.#askDue()
      case 'copy': {
        const text = printable(effect.text, MAX_COPIED)
        const refused = this.#copy(text)
        if (refused === null) return this.#notice({ state: 'ok', text: `copied ${text}` })
        this.#print(text)
        return this.#notice({ state: 'warn', text: `${text}  (printed at the end, not copied: ${refused})` })
      }
      case 'print': {
        const commands = effect.actions.map((action) => action.command(this.#asked(effect.reason)))
        const text = commands.map((command) => printable(command, MAX_COPIED)).join('\n')
        const how = this.#copy(text) === null ? 'copied, and printed at the end' : 'printed at the end'
        this.#print(text)
        this.#tell([toNews(this.#now, 'ok', text)])
        return this.#notice({ state: 'ok', text: `${how}: ${text}` })
      }
      case 'do':
        void this.#do(effect.actions, effect.reason)
    }
  }

  /** Why it could not be; null when it was. */
  #copy(text: string): string | null {
    const size = Buffer.byteLength(text)
    if (this.#options.copyRefusal !== null) return this.#options.copyRefusal
    if (size > MAX_COPIED) return `${size} bytes are more than terminals take`
    this.#options.copy(text)
    return null
  }

  #print(text: string): void {
    this.#printed.push(text)
    if (this.#printed.length > MAX_PRINTED) this.#printed.shift()
  }

  async #do(actions: readonly Action[], reason: string): Promise<void> {
    let notice: Notice = { state: 'ok', text: `${actions.length} done` }
    for (const action of actions) {
      const { method, path, body } = action.request(this.#asked(reason))
      try {
        await this.#options.client.send(method, path, body)
        this.#tell([toNews(this.#now, 'ok', `done: ${action.what}`)])
        if (actions.length === 1) notice = { state: 'ok', text: `done: ${action.what}` }
      } catch (error) {
        notice = { state: 'bad', text: `${action.what}: ${explainError(error)}` }
        this.#tell([toNews(this.#now, 'bad', notice.text)])
      }
    }
    this.#next.clear()
    this.#askDue()
    this.#notice(notice)
    this.#changed()
  }

  #asked = (reason: string) => ({ reason, by: this.#options.by, now: this.#now })

  #notice(notice: Notice): void {
    this.#ui = { ...this.#ui, notice }
  }
}

/** A row is not read out again because it is two seconds older. */
const timeless = (lines: readonly Line[]): string =>
  lines.map((one) => plainText(one).replaceAll(/\d+ (ms|s|min|h|d)\b/g, '')).join('\n')
