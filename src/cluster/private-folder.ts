import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** Longest path of a Unix socket on all systems (macOS: 104 bytes with the final zero). */
const SOCKET_PATH_LIMIT = 103

/**
 * One command's folder for private files (the API's socket, charts, output of helm): only the user may enter it.
 * Created on first use; removed at `close`, and when the process exits without it.
 */
export class PrivateFolder {
  private folder?: string
  private readonly remove = () => {
    if (this.folder) rmSync(this.folder, { recursive: true, force: true })
    this.folder = undefined
  }

  /** The folder's path. mkdtemp gives it mode 0700. */
  path(): string {
    if (!this.folder) {
      const fits = Buffer.byteLength(path.join(tmpdir(), 'canary-XXXXXX', 'api.sock')) <= SOCKET_PATH_LIMIT
      this.folder = mkdtempSync(path.join(fits ? tmpdir() : '/tmp', 'canary-'))
      process.once('exit', this.remove)
    }
    return this.folder
  }

  close(): void {
    process.off('exit', this.remove)
    this.remove()
  }
}
