// The steps of the Dockerfile in a clean prefix, without a Docker engine: what they build runs as its user, reads only what
// the image holds, and writes to its volume alone.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from './servers.ts'

const root = path.resolve(import.meta.dirname, '../..')
const BUILD_WITHIN = 300_000

interface Stage {
  readonly name: string
  readonly folder: string
  workdir: string
  user: string
  readonly environment: Record<string, string>
}

let prefix: string
let image: Stage
beforeAll(() => {
  prefix = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-image-'))
  fs.chmodSync(prefix, 0o755)
  const stages: Stage[] = []
  for (const [word, rest] of instructions()) step(stages, word, rest)
  image = stages.at(-1)!
}, BUILD_WITHIN)
afterAll(() => fs.rmSync(prefix, { recursive: true, force: true }))

/** `RUN npm ci`, …: comments left out, lines that go on joined. */
const instructions = (): ReadonlyArray<readonly [string, string]> =>
  fs
    .readFileSync(path.join(root, 'deploy/Dockerfile'), 'utf8')
    .replace(/^#.*$/gm, '')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [word = '', ...rest] = line.trim().split(/\s+/)
      return [word, rest.join(' ')] as const
    })

function step(stages: Stage[], word: string, rest: string): void {
  const stage = stages.at(-1)!
  const inStage = (target: string): string =>
    path.join(stage.folder, path.posix.resolve(stage.workdir, target))
  switch (word) {
    case 'FROM': {
      const [, name = 'image'] = rest.split(' AS ')
      stages.push({ name, folder: path.join(prefix, name), workdir: '/', user: '0:0', environment: {} })
      return
    }
    case 'WORKDIR':
      stage.workdir = rest
      fs.mkdirSync(inStage('.'), { recursive: true })
      return
    case 'COPY': {
      const words = rest.split(' ')
      const other = stages.find(({ name }) => words[0] === `--from=${name}`)
      const [target = '', ...sources] = (other === undefined ? words : words.slice(1)).toReversed()
      for (const source of sources) {
        const isInto = target.endsWith('/')
        fs.cpSync(
          path.join(other?.folder ?? root, source),
          path.join(inStage(target), isInto ? path.basename(source) : ''),
          { recursive: true, verbatimSymlinks: true },
        )
      }
      return
    }
    case 'RUN': {
      // The one absolute path that steps write to is inside of the stage here.
      const command = rest.replaceAll('/var/lib/', `${stage.folder}/var/lib/`)
      fs.mkdirSync(path.join(stage.folder, 'var/lib'), { recursive: true })
      execFileSync('sh', ['-c', command], { cwd: inStage('.'), stdio: 'pipe' })
      return
    }
    case 'USER':
      stage.user = rest
      return
    case 'ENV': {
      const [name = '', value = ''] = rest.split('=')
      stage.environment[name] = value
      return
    }
    default:
      if (!['LABEL', 'VOLUME', 'EXPOSE', 'STOPSIGNAL', 'HEALTHCHECK', 'ENTRYPOINT', 'CMD'].includes(word))
        throw new Error(`this test does not know the instruction ${word}`)
  }
}

const main = (): string => path.join(image.folder, 'opt/tidemark/dist/main.js')

/** As the image's user, with nothing of this checkout in the environment. */
function asItsUser(args: readonly string[]): [string, string[], { cwd: string; env: NodeJS.ProcessEnv }] {
  const [uid = '', gid = ''] = image.user.split(':')
  // The Node of the image is the one of the tests; others cannot look into the folder of root.
  const node = path.join(prefix, 'node')
  if (!fs.existsSync(node)) fs.copyFileSync(process.execPath, node)
  return [
    'setpriv',
    [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--no-new-privs', node, main(), ...args],
    { cwd: '/', env: { PATH: '/usr/bin:/bin', ...image.environment } },
  ]
}

test('only what runs is in it: no sources, tests or tools; a bill of materials names each package', () => {
  const inside = fs.readdirSync(path.join(image.folder, 'opt/tidemark')).toSorted()
  expect(inside).toEqual(['dist', 'node_modules', 'package.json', 'prices', 'rules', 'sbom.cdx.json'])
  const modules = path.join(image.folder, 'opt/tidemark/node_modules')
  expect(
    ['vitest', 'typescript', 'oxlint', 'node'].filter((name) => fs.existsSync(path.join(modules, name))),
  ).toEqual([])

  const sbom = JSON.parse(fs.readFileSync(path.join(image.folder, 'opt/tidemark/sbom.cdx.json'), 'utf8')) as {
    bomFormat: string
    components: ReadonlyArray<{ name: string; group?: string }>
  }
  const named = new Set(
    sbom.components.map(({ group, name }) => (group === undefined ? name : `${group}/${name}`)),
  )
  const { dependencies } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    dependencies: object
  }
  expect(sbom.bomFormat).toBe('CycloneDX')
  expect(Object.keys(dependencies).filter((name) => !named.has(name))).toEqual([])
})

test('as its user it scans a lake, and can write to its volume alone', () => {
  const lake = path.join(prefix, 'lake')
  fs.cpSync(path.join(root, 'examples/lake'), lake, { recursive: true })
  const [command, args, options] = asItsUser(['scan', lake, '--json'])
  const scanned = spawnSync(command, args, { ...options, encoding: 'utf8' })
  expect(scanned.stderr).toBe('')
  expect((JSON.parse(scanned.stdout) as { tables: unknown[] }).tables.length).toBeGreaterThan(5)

  const [uid = '', gid = ''] = image.user.split(':')
  const writable = execFileSync(
    'setpriv',
    [
      `--reuid=${uid}`,
      `--regid=${gid}`,
      '--clear-groups',
      'find',
      image.folder,
      '-writable',
      '-not',
      '-type',
      'l',
    ],
    { encoding: 'utf8' },
  )
  expect(writable.trim().split('\n')).toEqual([path.join(image.folder, 'var/lib/tidemark')])
})

test('the daemon of the image watches, is healthy as HEALTHCHECK asks, and ends at its signal', async () => {
  const port = await freePort()
  const config = path.join(prefix, 'tidemark.yaml')
  const state = path.join(image.folder, 'var/lib/tidemark')
  fs.writeFileSync(
    config,
    `state: ${state}\napi: { listen: "127.0.0.1:${port}" }\nsources: [{ name: lake, type: lake, path: ${path.join(prefix, 'lake')} }]\n`,
  )
  const [command, args, options] = asItsUser(['run', '-c', config])
  const daemon = spawn(command, args, { ...options, stdio: 'ignore' })
  const ended = new Promise((resolve) => {
    daemon.once('exit', (code) => resolve(code))
  })
  const answers = async (url: string) =>
    fetch(`http://127.0.0.1:${port}${url}`).then(
      ({ status }) => status,
      () => 0,
    )
  await expect.poll(() => answers('/-/ready'), { timeout: 30_000 }).toBe(200)
  const check = instructions().find(([word]) => word === 'HEALTHCHECK')![1]
  const program = (JSON.parse(check.slice(check.indexOf('CMD') + 3)) as string[])[2]!
  const healthy = spawnSync(process.execPath, ['-e', program.replace('9464', String(port))])
  daemon.kill('SIGTERM')

  expect([healthy.status, await ended]).toEqual([0, 0])
  expect(fs.readdirSync(state)).toContain('state.db')
})
