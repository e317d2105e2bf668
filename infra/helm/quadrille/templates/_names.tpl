{{/* The release's own name, at the front of all of its objects. */}}
{{- define "quadrille.name" -}}
{{- if contains "quadrille" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}{{ printf "%s-quadrille" .Release.Name | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* What selects the pods of one part: (list $ "orders"). */}}
{{- define "quadrille.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: quadrille
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Labels of the objects of one part: (list $ "orders"). */}}
{{- define "quadrille.labels" -}}
{{- $root := index . 0 -}}
{{ include "quadrille.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
app.kubernetes.io/part-of: quadrille
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{- end }}

{{- define "quadrille.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- define "quadrille.brokers" -}}
{{- if .Values.trial.enabled }}{{ include "quadrille.name" . }}-kafka:9092{{ else }}{{ .Values.kafka.brokers }}{{ end }}
{{- end }}
