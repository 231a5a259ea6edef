import { open, rename } from 'node:fs/promises'

/** Writes a small file of this start, 0600 before its first byte, whole or not at all. */
export async function writePrivate(path: string, text: string): Promise<void> {
  const handle = await open(`${path}.new`, 'w', 0o600)
  try {
    // One that a crash left keeps the mode that it had.
    await handle.chmod(0o600)
    await handle.writeFile(text)
  } finally {
    await handle.close()
  }
  await rename(`${path}.new`, path)
}
