import { createHash } from 'node:crypto'
import { CONTRACT, defineUploader, pluginError, type UploaderPlugin } from '../../core/contract/index.ts'
import { type Bucket, openBucket } from './bucket.ts'
import { type Manners, MANNERS } from './connection.ts'
import { SECRET_KEYS } from './credentials.ts'
import { folderOf, keyOf, type S3Context, targetOf } from './object-key.ts'
import { S3Config } from './schema.ts'
import { uploadBundle } from './upload.ts'

export default createS3Uploader(MANNERS)

/** The uploader, for a service that is to be talked to like this. */
export function createS3Uploader(manners: Manners): UploaderPlugin<S3Config> {
  const using = async <Value>(context: S3Context, work: (bucket: Bucket) => Promise<Value>) => {
    const bucket = await openBucket(context, manners)
    return work(bucket).finally(() => bucket.close())
  }
  const streaming = async function* <Item>(context: S3Context, items: (bucket: Bucket) => AsyncIterable<Item>) {
    const bucket = await openBucket(context, manners)
    try {
      yield* items(bucket)
    } finally {
      bucket.close()
    }
  }
  return defineUploader<S3Config>({
    manifest: {
      apiVersion: CONTRACT,
      kind: 'Uploader',
      name: 's3',
      version: '1.0.0',
      summary: 'a bucket of Amazon S3, or of a service that speaks its language',
      schemes: ['s3'],
      secretKeys: SECRET_KEYS,
    },
    configSchema: S3Config,
    fromUrl: targetOf,
    verify: (context) => using(context, (bucket) => probe(context, bucket)),
    upload: (context, bundle) => using(context, (bucket) => uploadBundle(context, bucket, bundle)),
    open: (context, fileName) => streaming(context, (bucket) => readChecked(context, bucket, fileName)),
    list: (context) => streaming(context, (bucket) => bundlesOf(context, bucket)),
    remove: (context, fileName) => using(context, (bucket) => bucket.remove(keyOf(context, fileName))),
  })
}

/**
 * Begins an upload and gives it up: asks for all that an upload needs (keys, region, bucket, encryption, storage class, the right
 * to write here), and leaves nothing behind, where an object that is written and deleted would leave two versions and an event.
 */
async function probe(context: S3Context, bucket: Bucket): Promise<void> {
  const key = `${folderOf(context)}.verify`
  await bucket.abortUpload(key, await bucket.createUpload(key, {}))
}

async function* bundlesOf(context: S3Context, bucket: Bucket): AsyncGenerator<{ fileName: string; size: number; at: Date }> {
  const folder = folderOf(context)
  for await (const { key, size, at } of bucket.list(folder)) {
    const fileName = key.slice(folder.length)
    if (key.startsWith(folder) && fileName !== '' && !fileName.startsWith('.')) yield { fileName, size, at }
  }
}

/** The bytes of a bundle; fails at the end when they are others than were uploaded. */
async function* readChecked(context: S3Context, bucket: Bucket, fileName: string): AsyncGenerator<Uint8Array> {
  const key = keyOf(context, fileName)
  const { body, found } = await bucket.read(key)
  const hash = createHash('sha256')
  for await (const chunk of body) {
    hash.update(chunk)
    yield chunk
  }
  const { sha256 } = found.metadata
  if (sha256 === undefined || sha256 === hash.digest('hex')) return
  throw pluginError('UPLOAD_DAMAGED', `${bucket.uri(key)} holds other bytes than were uploaded`, {
    class: 'resource',
    remedy: 'take another bundle; something changed or damaged this one',
  })
}
