// The terminal UI with a fault in it: throws once it has drawn. Started by top.live.ts; the argument is the daemon's URL.
import { createClient } from '../../src/api/client.ts'
import { systemClock } from '../../src/io/clock.ts'
import { explainError } from '../../src/model/errors.ts'
import { plainText } from '../../src/tui/line.ts'
import { terminal } from '../../src/tui/tui.ts'

const FRAMES = 200

const [url = ''] = process.argv.slice(2)
let painted = 0
try {
  await terminal({
    client: createClient(url),
    clock: systemClock,
    place: { screen: 'overview', subject: '' },
    by: 'anna',
    copyRefusal: null,
    stdin: process.stdin,
    stdout: process.stdout,
    paint(line) {
      painted += 1
      if (painted > FRAMES) throw new Error('a fault on purpose')
      return plainText(line)
    },
    screenReader: false,
    signal: new AbortController().signal,
  })
} catch (error) {
  console.error(explainError(error))
  process.exit(1)
}
