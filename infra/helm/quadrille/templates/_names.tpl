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

{{/*
The registry of services, which `cargo xtask generate` writes, as {"services": [...], "issuer": NAME}: the issuer
is the service by whose keys all others check tokens.
*/}}
{{- define "quadrille.registry" -}}
{{- $services := .Files.Get "files/services.json" | fromJsonArray }}
{{- $issuer := "" }}
{{- range $services }}{{ if .issues_tokens }}{{ $issuer = .name }}{{ end }}{{ end }}
{{- dict "services" $services "issuer" $issuer | toJson }}
{{- end }}

{{/*
Every role by its name, with its values: the defaults, and over them its own. A service also has what the
registry says of it, under `service`; the gateway has none.
*/}}
{{- define "quadrille.roles" -}}
{{- $root := . }}
{{- $roles := dict "gateway" (dict "service" dict) }}
{{- range (include "quadrille.registry" . | fromJson).services }}
{{- $_ := set $roles .name (dict "service" .) }}
{{- end }}
{{- range $role, $of := $roles }}
{{- $_ := set $roles $role (mergeOverwrite (deepCopy $root.Values.defaults) (deepCopy (index $root.Values.roles $role | default dict)) $of) }}
{{- end }}
{{- toJson $roles }}
{{- end }}

{{/* A value for all services with what is set for one over it, {service} filled in: (list "orders" $all $own). */}}
{{- define "quadrille.ofService" -}}
{{- $service := index . 0 }}
{{- mergeOverwrite (deepCopy (index . 1)) (deepCopy (index (index . 2) $service | default dict)) | toJson | replace "{service}" $service }}
{{- end }}

{{/* A service's user of Kafka, and its connection string of MongoDB: (list $ "orders"). */}}
{{- define "quadrille.kafkaUser" -}}
{{- $kafka := (index . 0).Values.kafka }}
{{- include "quadrille.ofService" (list (index . 1) $kafka.user $kafka.users) }}
{{- end }}
{{- define "quadrille.mongodbUri" -}}
{{- $mongodb := (index . 0).Values.mongodb }}
{{- include "quadrille.ofService" (list (index . 1) $mongodb.uri $mongodb.uris) }}
{{- end }}
