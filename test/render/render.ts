// Draws every dashboard as a PNG: the scene of the live tests, Perses's panels, headless Chromium. Arguments: the folder
// for the pictures, and names of dashboards where not all are wanted.
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openScene } from '../live/scene/scene.ts'
import { startServer } from '../live/servers.ts'
import { openBrowser } from './browser.ts'

const root = path.resolve(import.meta.dirname, '../..')
const WIDTH = 1600
const DRAWN_WITHIN_MS = 60_000

const [folder, ...wanted] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: npm run dashboards:render -- FOLDER [DASHBOARD…]')
fs.mkdirSync(folder, { recursive: true })
const names = fs
  .globSync('*.json', { cwd: path.join(root, 'dashboards') })
  .map((file) => path.basename(file, '.json'))
  .filter((name) => wanted.length === 0 || wanted.includes(name))

const vite = path.join(import.meta.dirname, 'node_modules/.bin/vite')
await using pages = await startServer(
  vite,
  (port) => [
    'preview',
    '--config',
    path.join(import.meta.dirname, 'vite.config.ts'),
    '--host',
    '127.0.0.1',
    '--strictPort',
    '--port',
    String(port),
  ],
  async (url) => (await fetch(url)).ok,
)
await using scene = await openScene()
await using browser = await openBrowser()
for (const name of names) {
  const query = new URLSearchParams({
    dashboard: name,
    prometheus: scene.prometheus.url,
    from: String(Math.floor(scene.from)),
    to: String(Math.floor(scene.until)),
  })
  await using page = await browser.open(`${pages.url}/?${query.toString()}`, WIDTH)
  const deadline = performance.now() + DRAWN_WITHIN_MS
  while ((await page.evaluate('document.body.dataset.drawn')) !== 'true') {
    if (performance.now() > deadline)
      throw new Error(`${name} was not drawn within ${DRAWN_WITHIN_MS / 1000} s: ${page.messages.join('\n')}`)
    await setTimeout(200)
  }
  const file = path.join(folder, `${name}.png`)
  fs.writeFileSync(file, await page.screenshot())
  const complaints = page.messages.filter(
    (message) => !/react-router|validateDOMNesting|Warning:/i.test(message),
  )
  process.stdout.write(`${file}${complaints.length === 0 ? '' : `\n  ${complaints.join('\n  ')}`}\n`)
}
