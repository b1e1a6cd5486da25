// Whether the terminal takes a text for its clipboard. There is no answer to OSC 52: what is known to pass it over is asked or named.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** A multiplexer that hangs must not hold up the first frame. */
const PATIENCE_MS = 500

/** Why not, in a few words; null where nothing speaks against it. */
export async function clipboardRefusal(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | null> {
  const { TERM = '', TERM_PROGRAM, TMUX, STY } = environment
  if (TMUX) return tmuxRefusal()
  if (STY) return 'GNU screen passes it over'
  if (TERM_PROGRAM === 'Apple_Terminal') return 'Terminal.app takes none'
  return TERM === 'linux' || TERM === 'dumb' ? 'a console has no clipboard' : null
}

/** tmux takes it from programs only where `set-clipboard` is `on`; its default is `external`. */
async function tmuxRefusal(): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)('tmux', ['show-options', '-sv', 'set-clipboard'], {
      timeout: PATIENCE_MS,
    })
    return stdout.trim() === 'on' ? null : 'tmux takes none: tmux set -s set-clipboard on'
  } catch {
    return 'tmux does not answer'
  }
}
