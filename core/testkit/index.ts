/** For authors of collectors and uploaders: offline tests and conformance checks, for any test runner. See README.md. */
export { type Check, failed } from './check.ts'
export { checkCollector, type CollectorChecks } from './collector-checks.ts'
export { collectorContext, type ContextOptions, hostContext, uploaderContext, type UploaderOptions } from './context.ts'
export { fakeHost, type FakeMachine } from './fake-host.ts'
export { type FakeCluster, fakeKube, forbidden } from './fake-kube.ts'
export { gather, type Gathered, type GatheredFile } from './gather.ts'
export { memoryBundle, type MemoryBundle } from './memory-bundle.ts'
export { checkUploader, type UploaderChecks } from './uploader-checks.ts'
