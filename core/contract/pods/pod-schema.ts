import * as z from 'zod'

/** Not part of `index.ts`: the contract itself knows no zod. Fields that entries with pods share. */
export const COMMON = {
  collectorName: z.string().optional(),
  exclude: z.union([z.boolean(), z.string()]).optional(),
}

/** A list of texts; null, as Go writes an empty one, is none. */
export const Texts = z
  .array(z.string())
  .nullish()
  .transform((texts) => texts ?? [])

const DOCKER = 'kubernetes.io/dockerconfigjson'
const DOCKER_KEY = '.dockerconfigjson'

/** Credentials for images: the name of a Secret that is there, or the data of one that is made for the time of the entry. */
export const ImagePullSecret = z
  .strictObject({
    name: z.string().default(''),
    /** its one key is `.dockerconfigjson`, in base64 */
    data: z.record(z.string(), z.string()).optional(),
    type: z.string().default(''),
  })
  .superRefine(({ data, type }, context) => {
    if (!data) return
    const issue = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message })
    if (type !== DOCKER) issue('type', `must be "${DOCKER}"`)
    if (Object.keys(data).join() !== DOCKER_KEY) issue('data', `must have the one key "${DOCKER_KEY}"`)
    else if (!isEncodedJson(data[DOCKER_KEY] ?? '')) issue('data', `"${DOCKER_KEY}" must be JSON in base64`)
  })

/** Of a pod that an entry describes itself; fields are checked by the API server. */
export const PodSpec = z.looseObject({
  containers: z
    .array(z.looseObject({ name: z.string().optional(), image: z.string().optional() }))
    .min(1, 'must have at least one container'),
})
export type PodSpec = z.infer<typeof PodSpec>

/** Fields of entries that start pods of one image. */
export const POD = {
  /** none = that of the run */
  namespace: z.string().default(''),
  imagePullPolicy: z.enum(['', 'Always', 'IfNotPresent', 'Never']).default(''),
  imagePullSecret: ImagePullSecret.nullish(),
}

function isEncodedJson(text: string): boolean {
  try {
    JSON.parse(Buffer.from(text, 'base64').toString('utf8'))
    return true
  } catch {
    return false
  }
}
