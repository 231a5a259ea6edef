import { describe, expect, it } from 'vitest'
import { GoStruct } from '../../../../agent/analysis/text/go-value.ts'
import { fillTemplate, renderTemplate, templateProblem } from '../../../../agent/analysis/text/template.ts'

const data = { A: 'x', B: { C: 7, L: ['p', 'q'] }, D: null, E: '$1', T: true, N: [], Two: 2 }

describe('fillTemplate', () => {
  it.each([
    ['plain', 'plain'],
    ['{{ .A }} and {{.A}}', 'x and x'],
    ['{{ .B.C }}', '7'],
    ['{{ .Missing }}', '<no value>'],
    ['{{ .B.Missing }}', '<no value>'],
    ['{{ .constructor }}', '<no value>'],
    ['{{ .A.length }}', '<no value>'],
    ['{{ .D }}', '<no value>'],
    ['{ .A }', '{ .A }'],
    ['$& {{ .E }}', '$& $1'],
    ['{{ .A | upper }}{{ upper .A }}', 'XX'],
    ['{{ if .A }}y{{ else }}n{{ end }}', 'y'],
    ['{{ if .N }}y{{ else if .T }}t{{ else }}n{{ end }}', 't'],
    ['{{ with .B }}{{ .C }}{{ end }}', '7'],
    ['{{ range .B.L }}<{{ . }}>{{ end }}', '<p><q>'],
    ['{{ range $i, $v := .B.L }}{{ $i }}{{ $v }}{{ $.A }}{{ end }}', '0px1qx'],
    ['{{ range .N }}x{{ else }}none{{ end }}', 'none'],
    ['{{ $v := .A }}{{ $v }}', 'x'],
    ['a {{- .A -}} b', 'axb'],
    ['{{/* nothing */}}a', 'a'],
    ['{{ printf "%s-%03d|%-4s|%q" .A 7 .A .A }}', 'x-007|x   |"x"'],
    ['{{ index .B "C" }} {{ index .B.L 1 }}', '7 q'],
    ['{{ (index .B.L 0) }} {{ len .B.L }}', 'p 2'],
    ['{{ and .T (eq .A "x") }} {{ or .N .A }} {{ not .T }}', 'true x false'],
    ['{{ eq .A "y" "x" }} {{ ne .A "x" }} {{ lt 1 2 }} {{ ge .Two 2 }}', 'true false true true'],
    ['{{ .B.L }} {{ .B }}', '[p q] map[C:7 L:[p q]]'],
    ['{{ .B.L | join ", " }} {{ default "d" .Missing }} {{ .A | default "d" }}', 'p, q d x'],
    ['{{ add 1 2 3 }} {{ sub 5 2 }} {{ div 7 2 }} {{ mod 7 2 }} {{ mul 2 3 }}', '6 3 3 1 6'],
    ['{{ trimSuffix "y" "xy" }}{{ replace "a" "b" "aa" }}{{ "AbC" | lower | title }}{{ quote .A }}', 'xbbAbc"x"'],
    ['{{ ternary "a" "b" .T }}{{ contains "x" .A }}{{ hasPrefix "y" .A }}', 'atruefalse'],
    ['{{ "}}" }}', '}}'],
    ['{{ semverCompare ">= 1.2.0" "1.3.0" }}', 'true'],
  ])('%s', (message, want) => expect(fillTemplate(message, data)).toBe(want))

  it.each([
    '{{ .A',
    '{{ nosuch .A }}',
    '{{ if .A }}',
    '{{ end }}',
    '{{ .A | }}',
    '{{ div 1 0 }}',
    '{{ index .B.L 9 }}',
    '{{ lt .A 1 }}',
    '{{ $none }}',
    '{{ template "x" }}',
    '{{ repeat 99999999 "x" }}',
    '{{ range $a := .B.L }}{{ $a.b }',
  ])('shows %s as it is', (message) => expect(fillTemplate(message, data)).toBe(message))

  it('ends a template that would take for ever, or fill the memory', () => {
    const list = Array.from({ length: 1000 }, () => 'x'.repeat(1000))
    const nested = '{{ range .L }}{{ range $.L }}{{ range $.L }}{{ end }}{{ end }}{{ end }}'
    expect(() => renderTemplate(nested, { L: list })).toThrow('too many steps')
    expect(() => renderTemplate('{{ range .L }}{{ range $.L }}{{ . }}{{ end }}{{ end }}', { L: list })).toThrow('too long')
  })
})

describe('templateProblem', () => {
  it.each<[string, string | undefined]>([
    ['none', undefined],
    ['{{ .A | upper }}', undefined],
    ['{{ .A | wat }}', 'there is no function "wat"'],
    ['{{ if (wat .A) }}{{ end }}', 'there is no function "wat"'],
    ['{{ .A', 'an action has no end'],
    ['{{ if .A }}', 'a block "if" has no end'],
  ])('%s: %s', (message, want) => expect(templateProblem(message)).toBe(want))
})

describe('GoStruct', () => {
  const pod = {
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop', labels: { app: 'a', 'x/y': 'z' }, uid: 'u1' },
    spec: { nodeName: 'n1' },
    status: { podIP: '10.0.0.1', containerStatuses: [{ name: 'c', restartCount: 3 }] },
  }
  it.each([
    ['{{ .Namespace }}/{{ .Name }}', 'shop/web'],
    ['{{ .ObjectMeta.Name }} {{ .UID }}', 'web u1'],
    ['{{ .Spec.NodeName }} {{ .Status.PodIP }}', 'n1 10.0.0.1'],
    ['{{ .Labels.app }} {{ index .Labels "x/y" }}', 'a z'],
    ['{{ range .Status.ContainerStatuses }}{{ .Name }}:{{ .RestartCount }}{{ end }}', 'c:3'],
    ['[{{ .Status.Message }}]', '[]'],
    ['{{ .Labels.missing }}', '<no value>'],
  ])('%s', (message, want) => expect(renderTemplate(message, new GoStruct(pod))).toBe(want))
})
