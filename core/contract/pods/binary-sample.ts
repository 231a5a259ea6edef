/** How much of a file is looked at to tell text from binary data, in bytes. */
export const SAMPLE_BYTES = 8192

/** First bytes of what is packed: gzip, zip, bzip2, xz, zstd, 7z, lz4, compress. A small one may have no NUL byte. */
const PACKED = ['1f8b', '504b0304', '425a68', 'fd377a585a00', '28b52ffd', '377abcaf271c', '04224d18', '1f9d']

/** Whether a file that begins so is no text, and cannot be redacted as one. */
export function isBinary(start: Uint8Array): boolean {
  const sample = Buffer.from(start.buffer, start.byteOffset, Math.min(start.byteLength, SAMPLE_BYTES))
  const magic = sample.subarray(0, 6).toString('hex')
  return sample.includes(0) || PACKED.some((one) => magic.startsWith(one))
}
