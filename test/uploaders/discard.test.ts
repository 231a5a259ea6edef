import { expect, it } from 'vitest'
import { memoryBundle, uploaderContext } from '../../core/testkit/index.ts'
import discard from '../../uploaders/discard/index.ts'

it('reads everything, and says that nothing is kept', async () => {
  const bundle = memoryBundle()
  const receipt = await discard.upload(uploaderContext({ config: {} }), bundle)
  expect(receipt).toEqual({
    location: `discard:${bundle.fileName}`,
    size: bundle.size,
    checksum: { algorithm: 'sha256', value: bundle.sha256 },
    verified: false,
  })
  expect(bundle.handedOut()).toBe(bundle.size)
})

it('notices other bytes than announced', async () => {
  const upload = discard.upload(uploaderContext({ config: {} }), { ...memoryBundle(), sha256: 'ab' })
  await expect(upload).rejects.toMatchObject({ code: 'UPLOAD_DAMAGED', class: 'retryable' })
})
