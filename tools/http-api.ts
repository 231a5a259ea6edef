import { CLUSTER_ROUTES } from '../agent/server/cluster-routes.ts'
import { API_AUDIENCE, API_GROUP, VIEWER_ACCOUNT } from '../core/agent-api.ts'
import { PROGRAM } from '../core/errors.ts'
import { AGENT_NAME, AGENT_NAMESPACE } from '../core/names.ts'

const rows = CLUSTER_ROUTES.map(({ path, resource, subresource, verb, isNow, about }) => {
  const shown = path.replaceAll(/:(\w+)/g, '{$1}')
  const right = `\`${verb} ${resource}${subresource ? `/${subresource}` : ''}\``
  const where = path.includes(':namespace') ? 'the namespace' : 'the whole cluster'
  return `| \`GET ${shown}\` | ${right} | ${where} | ${isNow ? 'no' : 'yes'} | ${about} |\n`
})

const example = '/api/v1/namespaces/payments/runs/nightly.29551800'

/** docs/http-api.md: the table of routes in words. */
export const renderHttpApi = (): string => `# The HTTP API of an agent in a cluster

Read only. \`/healthz\` and \`/readyz\` are open (port 8080, \`port\` in [configuration.md](configuration.md)), and so is \`/metrics\` on
a port of its own (9090, \`metricsPort\`). Everything under \`/api/\` needs a bearer token. An agent that is installed for single
namespaces has no API. That of a daemon on one computer is smaller: \`/api/v1/jobs\` and \`/api/v1/daemon\`, on loopback, for who can read
the file \`state/token\` in the store folder.

Most users need none of this: \`${PROGRAM} download RUN\` and \`status --agent\` do it for them.

## Routes

| route | right, in group \`${API_GROUP}\` | in | also while the API server is away | what |
|---|---|---|---|---|
${rows.join('')}
Any replica answers, whether it leads or not. What only the disk of another one has is answered 421 with the uid of that pod as
\`holder\`. A bundle comes with its length, its file name and its sha256 (\`ETag\` and \`Repr-Digest\`).

While the API server is away, decisions of the last minute hold for what the table says so. Such an answer has \`"stale": true\` and a
header \`Warning\`. Bundles and logs are never sent then.

## Errors

JSON: \`{"code": …, "message": …, "remedy": …}\`.

| status | code | when |
|---|---|---|
| 401 | \`UNAUTHORIZED\` | no token, or one that is not valid, has expired, or is for another audience |
| 403 | \`FORBIDDEN\` | the right in the table is missing; the same whether or not there is such a job or run |
| 404 | \`NOT_FOUND\` | no such route, namespace, job or run; a run without a bundle |
| 410 | \`GONE\` | the bundle or log is not kept any more; \`remedy\` says where the bundle was delivered to |
| 421 | \`ELSEWHERE\` | another replica keeps it: pod \`holder\` |
| 429 | \`TOO_MANY_REQUESTS\` | too many unknown tokens at once; \`Retry-After\` says when to come again |
| 503 | \`API_UNAVAILABLE\` | the API server cannot be asked who may see this |
| 503 | \`RECORDS_UNREADABLE\` | the agent cannot read the records of the namespace; its log says why |

## Who may see what

The agent asks the API server whose token it is (TokenReview, audience \`${API_AUDIENCE}\`) and whether that user has the right
(SubjectAccessReview). No objects \`jobs\`, \`runs\` or \`agents\` exist in that group: they are names for rights, which roles grant as usual.
The manifests aggregate \`jobs\` and \`runs\` to the ClusterRole \`view\`, \`runs/bundle\` to \`admin\`: a bundle may hold more than its reader
could see by himself. What the API server answered is remembered for 10 seconds (rights) and a minute (tokens), but for bundles and logs
the right is asked for each time.

Any ServiceAccount of a namespace can be given these rights there:

\`\`\`sh no-run
kubectl create serviceaccount bundles -n payments
kubectl create rolebinding bundles-view -n payments --clusterrole support-bundle-schedule-view --serviceaccount payments:bundles
kubectl create rolebinding bundles-admin -n payments --clusterrole support-bundle-schedule-admin --serviceaccount payments:bundles
kubectl create token bundles -n payments --audience ${API_AUDIENCE} --duration 10m
\`\`\`

\`${VIEWER_ACCOUNT}\` in namespace \`${AGENT_NAMESPACE}\` sees the jobs, and downloads the bundles, of every namespace. It is there
after \`install --with viewer\`. The CLI asks for a token of it, of ten minutes. That takes, in that namespace, \`list\` on \`pods\`, \`get\`
and \`create\` on \`pods/portforward\`, and \`create\` on \`serviceaccounts/token\` of that name.

## By hand

The proxy of the API server takes the \`Authorization\` header away, so it is no way to the API. A port-forward is one:

\`\`\`sh no-run
kubectl port-forward -n ${AGENT_NAMESPACE} deployment/${AGENT_NAME} 8080 &
TOKEN=$(kubectl create token ${VIEWER_ACCOUNT} -n ${AGENT_NAMESPACE} --audience ${API_AUDIENCE} --duration 10m)
curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/api/v1/agent
curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080${example}
curl -H "Authorization: Bearer $TOKEN" -OJ http://127.0.0.1:8080${example}/bundle
\`\`\`

With \`deployment/…\` kubectl picks any of the pods. After a 421 name the one whose uid is \`holder\`:
\`kubectl get pods -n ${AGENT_NAMESPACE} -o custom-columns=NAME:.metadata.name,UID:.metadata.uid\`.
`
