import type { LineRule } from './rule.ts'

/** Secrets of services known by their own shape: beginnings that are given out for nothing else. */
const SHAPES: readonly { literals: readonly string[]; pattern: string }[] = [
  { literals: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], pattern: String.raw`gh[opusr]_[A-Za-z0-9]{36,}` },
  { literals: ['github_pat_'], pattern: String.raw`github_pat_\w{22,}` },
  { literals: ['glpat-'], pattern: String.raw`glpat-[\w-]{20,}` },
  { literals: ['xoxa-', 'xoxb-', 'xoxp-', 'xoxs-', 'xapp-'], pattern: String.raw`(?:xox[abps]|xapp)-[\w-]{10,}` },
  { literals: ['aiza'], pattern: String.raw`AIza[\w-]{35}` },
  { literals: ['ya29.'], pattern: String.raw`ya29\.[\w-]{20,}` },
  { literals: ['gocspx-'], pattern: String.raw`GOCSPX-[\w-]{20,}` },
  { literals: ['sk_live_', 'rk_live_', 'sk_test_'], pattern: String.raw`[rs]k_(?:live|test)_\w{16,}` },
  { literals: ['whsec_'], pattern: String.raw`whsec_[A-Za-z0-9+/]{24,}={0,2}` },
  { literals: ['hvs.', 'hvb.'], pattern: String.raw`hv[bs]\.[\w-]{20,}` },
  { literals: ['npm_'], pattern: String.raw`npm_[A-Za-z0-9]{36,}` },
  { literals: ['pypi-'], pattern: String.raw`pypi-[\w-]{30,}` },
  { literals: ['dckr_pat_'], pattern: String.raw`dckr_pat_[\w-]{20,}` },
  { literals: ['sk-proj-', 'sk-ant-', 'sk-svcacct-'], pattern: String.raw`sk-(?:proj|ant|svcacct)-[\w-]{20,}` },
  { literals: ['hf_'], pattern: String.raw`hf_[A-Za-z]{1,40}\d[A-Za-z0-9]{10,}|hf_[A-Za-z0-9]{34}` },
  { literals: ['sg.'], pattern: String.raw`SG\.[\w-]{22}\.[\w-]{43}` },
  { literals: ['dop_v1_', 'doo_v1_', 'dor_v1_'], pattern: String.raw`do[opr]_v1_[0-9a-f]{64}` },
  { literals: ['dapi'], pattern: String.raw`dapi[0-9a-f]{32}` },
  { literals: ['glsa_', 'glc_'], pattern: String.raw`(?:glsa|glc)_[\w+/-]{20,}={0,2}` },
  { literals: ['age-secret-key-1'], pattern: String.raw`AGE-SECRET-KEY-1[A-Z0-9]{58}` },
]

export const PROVIDER_RULES: readonly LineRule[] = [
  {
    kind: 'line',
    name: 'vendor-token',
    literals: [SHAPES.flatMap(({ literals }) => literals)],
    pattern: new RegExp(String.raw`(?<!\w)(?<mask>${SHAPES.map(({ pattern }) => pattern).join('|')})`, 'g'),
  },
  {
    kind: 'line',
    name: 'azure-client-secret',
    literals: [Array.from({ length: 10 }, (_, digit) => `${digit}q~`)],
    pattern: /(?<![\w~.-])(?<mask>[\w~.-]{3}\dQ~[\w~.-]{31,34})(?![\w~.-])/g,
  },
  {
    kind: 'line',
    name: 'slack-webhook',
    literals: [['hooks.slack.com']],
    pattern: /(hooks\.slack\.com\/(?:services|workflows|triggers)\/)(?<mask>[\w/]{20,})/g,
  },
]
