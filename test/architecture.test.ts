// The README's import table is the law: this test reads it from there and holds every import against it.
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'

const root = path.resolve(import.meta.dirname, '..')
const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8')

/** Rows of the README table: | `folder` | `may`, `import` | */
const mayImport = new Map(
  [...readme.matchAll(/^\| `([\w-]+)`\s*\| (.*?)\s*\|/gm)].map(([, folder, list]) => [
    folder!,
    new Set([...list!.matchAll(/`([\w/-]+)`/g)].map(([, name]) => name!)),
  ]),
)

const files = fs.globSync('src/**/*.{ts,tsx}', { cwd: root }).toSorted()
const folderOf = (file: string): string => {
  const [, folder, rest] = file.split(path.sep)
  return rest === undefined ? folder!.replace(/\.tsx?$/, '') : folder!
}

const edges = files.flatMap((file) => {
  const text = fs.readFileSync(path.join(root, file), 'utf8')
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, specifier]) => ({
    file,
    target: path.normalize(path.join(path.dirname(file), specifier!)),
  }))
})

/** Open folders may be entered at any file; every other folder only by the file of its own name. */
const OPEN = new Set(['model', 'io', 'formats', 'commands'])
/** Folders whose children are siblings of one kind that may not know each other. */
const SIBLINGS = ['src/collectors/', 'src/notify/receivers/', 'src/advisors/']

describe('imports', () => {
  test('the README has the table', () => {
    expect(mayImport.size).toBeGreaterThan(5)
    expect([...new Set(files.map(folderOf))].filter((folder) => !mayImport.has(folder))).toEqual([])
  })

  test('each import is allowed by the README table', () => {
    const broken = edges.filter(({ file, target }) => {
      const [from, to] = [folderOf(file), folderOf(target)]
      if (from === to) return false
      const allowed = mayImport.get(from)!
      if (allowed.has('everything')) return false
      return !allowed.has(to) && !allowed.has(target.replace(/^src\//, '').replace(/\.tsx?$/, ''))
    })

    expect(broken).toEqual([])
  })

  test('a folder is entered by the file of its own name', () => {
    const broken = edges.filter(({ file, target }) => {
      const [from, to] = [folderOf(file), folderOf(target)]
      if (from === to || OPEN.has(to) || !target.startsWith(`src${path.sep}${to}${path.sep}`)) return false
      const door = new RegExp(`^src/${to}/(${to}|index|client|collector|receiver|advisor)\\.tsx?$`)
      return !door.test(target)
    })

    expect(broken).toEqual([])
  })

  test('siblings of one kind do not know each other', () => {
    const broken = edges.filter(({ file, target }) =>
      SIBLINGS.some((parent) => {
        const child = (name: string) =>
          name.startsWith(parent) && name.slice(parent.length).includes('/')
            ? name.slice(parent.length).split('/')[0]
            : undefined
        return child(file) !== undefined && child(target) !== undefined && child(file) !== child(target)
      }),
    )

    expect(broken).toEqual([])
  })

  test('react and ink stay in the terminal UI', () => {
    const outside = files.filter(
      (file) =>
        folderOf(file) !== 'tui' && /from '(react|ink)'/.test(fs.readFileSync(path.join(root, file), 'utf8')),
    )

    expect(outside).toEqual([])
  })

  test('no two files import each other in a circle, types included', () => {
    const next = Map.groupBy(edges, (edge) => edge.file)
    const state = new Map<string, 'open' | 'done'>()
    const circles: string[] = []
    const visit = (file: string, trail: readonly string[]): void => {
      if (state.get(file) === 'done') return
      if (state.get(file) === 'open') {
        circles.push([...trail.slice(trail.indexOf(file)), file].join(' -> '))
        return
      }
      state.set(file, 'open')
      for (const edge of next.get(file) ?? []) visit(edge.target, [...trail, file])
      state.set(file, 'done')
    }
    for (const file of files) visit(file, [])

    expect(circles).toEqual([])
  })
})
