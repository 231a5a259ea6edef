/**
 * What we use of the SDK. Only ever imported by `import('./sdk.ts')`, so that a process without uploads does not pay for it;
 * named one by one, so that the bundler leaves the other hundred commands out.
 */
export {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
