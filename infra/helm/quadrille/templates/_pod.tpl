{{/* A pod without rights: no user of note, no capabilities, nothing to write to, no API token. */}}
{{- define "quadrille.podSecurity" -}}
automountServiceAccountToken: false
# Services named QUADRILLE-... would come as variables QUADRILLE_..., which the binary refuses as settings
# that it does not know.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "quadrille.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{/* A container of the image: (list $ "orders" (list "serve" "orders")). */}}
{{- define "quadrille.container" -}}
{{- $root := index . 0 -}}
image: {{ include "quadrille.image" $root }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
args: {{ index . 2 | toJson }}
{{ include "quadrille.containerSecurity" $root }}
{{- end }}

{{- define "quadrille.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- end }}
