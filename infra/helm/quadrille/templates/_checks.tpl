{{/* What the schema can't say: values that do not go together. */}}
{{- define "quadrille.checks" -}}
{{- $root := . }}
{{- $values := .Values }}
{{- $roles := include "quadrille.roles" . | fromJson }}
{{- $services := keys (omit $roles "gateway") | sortAlpha }}
{{- range $role := keys $values.roles | sortAlpha }}
  {{- if not (hasKey $roles $role) }}
    {{- fail (printf "roles.%s: there is no role %s; there are: %s" $role $role (keys $roles | sortAlpha | join ", ")) }}
  {{- end }}
{{- end }}
{{- range $place, $of := dict "kafka.users" $values.kafka.users "mongodb.uris" $values.mongodb.uris }}
  {{- range $service := keys $of | sortAlpha }}
    {{- if not (has $service $services) }}
      {{- fail (printf "%s.%s: there is no service %s; there are: %s" $place $service $service (join ", " $services)) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- if $values.trial.enabled }}
  {{- if $values.kafka.brokers }}
    {{- fail "kafka.brokers is set, but trial.enabled brings a Kafka of its own: drop one of the two" }}
  {{- end }}
  {{- if ne $values.kafka.protocol "plaintext" }}
    {{- fail "kafka.protocol must be plaintext with trial.enabled: the trial's Kafka has neither TLS nor passwords" }}
  {{- end }}
{{- else }}
  {{- if not $values.kafka.brokers }}
    {{- fail "kafka.brokers is empty: name Kafka's bootstrap servers (host:port), or set trial.enabled=true for a single node in this chart" }}
  {{- end }}
  {{- range $service := $services }}
    {{- if not (include "quadrille.mongodbUri" (list $root $service) | fromJson).secret }}
      {{- fail (printf "mongodb.uri.secret is empty, and mongodb.uris.%s.secret, too: name the Secret with the connection string of %s, or set trial.enabled=true for a single node in this chart" $service $service) }}
    {{- end }}
  {{- end }}
  {{- if $values.demo }}
    {{- fail "demo=true loads users whose passwords everyone knows: it goes with trial.enabled=true only" }}
  {{- end }}
{{- end }}
{{- if hasPrefix "sasl_" $values.kafka.protocol }}
  {{- range $service := $services }}
    {{- if not (include "quadrille.kafkaUser" (list $root $service) | fromJson).secret }}
      {{- fail (printf "kafka.user.secret is empty, and kafka.users.%s.secret, too: with kafka.protocol=%s name the Secret with the password of %s" $service $values.kafka.protocol $service) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- if $values.ingress.enabled }}
  {{- if not $values.ingress.host }}
    {{- fail "ingress.host is empty: name the host that the shop is reached by" }}
  {{- end }}
  {{- if not (or $values.ingress.tlsSecret $values.ingress.tlsByAnnotation) }}
    {{- fail "ingress.tlsSecret is empty: name the Secret of the host's certificate; access tokens do not travel in the clear" }}
  {{- end }}
{{- end }}
{{- range $role, $of := $roles }}
  {{- if and $values.autoscaling.enabled (gt (int $of.replicas) (int $values.autoscaling.maxReplicas)) }}
    {{- fail (printf "roles.%s.replicas (%v) is more than autoscaling.maxReplicas (%v)" $role $of.replicas $values.autoscaling.maxReplicas) }}
  {{- end }}
{{- end }}
{{- if and $values.autoscaling.keda.enabled (not $values.autoscaling.enabled) }}
  {{- fail "autoscaling.keda.enabled needs autoscaling.enabled" }}
{{- end }}
{{- end }}
