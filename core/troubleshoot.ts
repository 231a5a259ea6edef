/** Keys of a Secret or ConfigMap under which a troubleshoot spec travels. */
export const SPEC_KEYS: readonly string[] = ['support-bundle-spec', 'redactor-spec', 'preflight.yaml', 'preflight-spec']

/** What vendors put on the Secrets and ConfigMaps that their specs travel in; the second is the older one. */
export const SPEC_SELECTORS: readonly string[] = ['troubleshoot.sh/kind=support-bundle', 'troubleshoot.io/kind=support-bundle']
