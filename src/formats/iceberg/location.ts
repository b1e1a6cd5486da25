// Which object a path in Iceberg metadata means, seen from where the table was found; never one outside of its roots.

/** A folder whose objects may be opened, under every name by which metadata may call it. */
export interface Root {
  readonly names: readonly string[]
}

export interface Located {
  /** Index of the root, and the key relative to it. */
  readonly root: number
  readonly key: string
}

/**
 * Tables are copied and moved, their metadata is not rewritten: a path below the `location` that the metadata states
 * means the same path below the folder where the table was found. Null when the path leads anywhere else.
 */
export function locate(path: string, roots: readonly Root[]): Located | null {
  const wanted = normalLocation(path)
  for (const [root, { names }] of roots.entries()) {
    for (const name of names) {
      const prefix = `${normalLocation(name)}/`
      if (prefix === '/' || !wanted.startsWith(prefix)) continue
      const key = wanted.slice(prefix.length)
      if (isInside(key)) return { root, key }
    }
  }
  return null
}

/**
 * Where `location` itself does not lead to the table's own files: the prefix of a metadata path whose folder is called
 * like the one where the table was found. Copies made by people look like this. The file is still opened below the root only.
 */
export function movedPrefix(path: string, foundAt: string): string | null {
  const folder = normalLocation(foundAt).split('/').at(-1) ?? ''
  const marker = `/metadata/`
  const end = normalLocation(path).lastIndexOf(marker)
  const prefix = normalLocation(path).slice(0, Math.max(end, 0))
  return folder !== '' && prefix.split('/').at(-1) === folder ? prefix : null
}

/** One spelling for `s3a://b/x/`, `file:///x`, `/x`, `./x`. */
export function normalLocation(location: string): string {
  const match = /^([a-zA-Z][a-zA-Z0-9+.-]*):(.*)$/s.exec(location)
  const scheme = (match?.[1] ?? '').toLowerCase().replace(/^s3[an]$/, 's3')
  const rest = (match?.[2] ?? location).replaceAll(/\/+/g, '/').replaceAll(/(?<=^|\/)\.\//g, '')
  const path = rest.length > 1 ? rest.replace(/\/$/, '') : rest
  // Relative locations stay relative, even where they are spelled as a file URL.
  if (scheme === '' || scheme === 'file') return path
  return `${scheme}:${path}`
}

const isInside = (key: string): boolean =>
  key !== '' &&
  !key.split('/').some((part) => part === '..' || part === '.' || part === '') &&
  !key.includes('\0')
