import * as z from 'zod'
import { Duration } from '../duration-schema.ts'

const Pem = z.string().refine((text) => text === '' || text.includes('-----BEGIN '), 'must be PEM: begin with "-----BEGIN …"')

const Tls = z.strictObject({
  skipVerify: z.boolean().default(false),
  /** with keys cacert, clientCert, clientKey; counts alone */
  secret: z.strictObject({ name: z.string().min(1), namespace: z.string().default('') }).optional(),
  cacert: Pem.optional(),
  clientCert: Pem.optional(),
  clientKey: Pem.optional(),
})

const Call = {
  url: z.string().min(1),
  headers: z.record(z.string(), z.string()).default({}),
  insecureSkipVerify: z.boolean().default(false),
  /** until the whole answer is there; none, or 0 = 60 s */
  timeout: Duration.default(0),
  tls: Tls.optional(),
  /** an http, https or socks5 URL */
  proxy: z.string().default(''),
}
const Get = z.strictObject({ ...Call, body: z.undefined({ error: 'a get has no body' }).optional() })
const WithBody = z.strictObject({ ...Call, body: z.string().default('') })

/** The first of the three counts. */
export const WEB_CALLS = { get: Get.optional(), post: WithBody.optional(), put: WithBody.optional() }

/** Refuses an entry that asks for nothing. */
export const hasWebCall = ({ get, post, put }: { get?: unknown; post?: unknown; put?: unknown }) => Boolean(get ?? post ?? put)
