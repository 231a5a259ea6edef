import { open, rename } from 'node:fs/promises'

/** Writes a small file of this start, 0600 from its first byte on, whole or not at all. */
export async function writePrivate(path: string, text: string): Promise<void> {
  const handle = await open(`${path}.new`, 'w', 0o600)
  await handle.writeFile(text).finally(() => handle.close())
  await rename(`${path}.new`, path)
}
