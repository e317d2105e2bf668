{{/*
What a role reads: (list $ "orders"). Plain values stand in the pod itself, not in a ConfigMap, so that a
change of one starts new pods by itself. Passwords come from Secrets.
*/}}
{{- define "quadrille.environment" -}}
{{- $root := index . 0 }}
{{- $role := index . 1 }}
{{- $name := include "quadrille.name" $root }}
- name: RUST_LOG
  value: {{ $root.Values.log | quote }}
- name: QUADRILLE_METRICS_LISTEN
  value: 0.0.0.0:9464
{{- if $root.Values.tracing.endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ $root.Values.tracing.endpoint | quote }}
- name: OTEL_EXPORTER_OTLP_PROTOCOL
  value: http/protobuf
- name: OTEL_SERVICE_NAME
  value: {{ $role }}
- name: POD_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: OTEL_RESOURCE_ATTRIBUTES
  value: service.namespace={{ $root.Release.Name }},service.instance.id=$(POD_NAME)
{{- end }}
- name: QUADRILLE_JWKS_URL
  value: http://{{ $name }}-{{ (include "quadrille.registry" $root | fromJson).issuer }}:8080/.well-known/jwks.json
{{- if eq $role "gateway" }}
- name: QUADRILLE_UPSTREAMS
  value: http://{{ $name }}-{service}:8080
- name: QUADRILLE_UPSTREAM_METRICS
  value: http://{{ $name }}-{service}:9464
{{- if $root.Values.ingress.enabled }}
- name: QUADRILLE_TRUSTED_HOPS
  value: {{ $root.Values.ingress.trustedHops | quote }}
- name: QUADRILLE_IDLE_TIMEOUT
  value: {{ $root.Values.ingress.idleTimeout | quote }}
{{- end }}
{{- else }}
{{ include "quadrille.environment.mongodb" . }}
{{ include "quadrille.environment.kafka" . }}
{{- end }}
{{- range $variable, $value := (index (include "quadrille.roles" $root | fromJson) $role).env }}
- name: {{ $variable }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{- define "quadrille.environment.mongodb" -}}
{{- $root := index . 0 }}
{{- $role := index . 1 }}
{{- $name := include "quadrille.name" $root }}
- name: QUADRILLE_MONGODB_URI
{{- if $root.Values.trial.enabled }}
  value: mongodb://{{ $name }}-mongodb-0.{{ $name }}-mongodb:27017/?replicaSet=rs0
{{- else }}
  {{- $uri := include "quadrille.mongodbUri" . | fromJson }}
  valueFrom: { secretKeyRef: { name: {{ $uri.secret }}, key: {{ $uri.key }} } }
{{- end }}
{{- end }}

{{- define "quadrille.environment.kafka" -}}
{{- $root := index . 0 }}
{{- $role := index . 1 }}
{{- $kafka := $root.Values.kafka }}
- name: QUADRILLE_KAFKA_BROKERS
  value: {{ include "quadrille.brokers" $root | quote }}
{{- if $kafka.topicPrefix }}
- name: QUADRILLE_TOPIC_PREFIX
  value: {{ $kafka.topicPrefix | quote }}
{{- end }}
{{- if ne $kafka.protocol "plaintext" }}
- name: QUADRILLE_KAFKA_SECURITY_PROTOCOL
  value: {{ $kafka.protocol }}
{{- if and (hasSuffix "ssl" $kafka.protocol) $kafka.ca.secret }}
- name: QUADRILLE_KAFKA_TLS_CA_FILE
  value: /etc/quadrille/kafka/ca.crt
{{- end }}
{{- if hasPrefix "sasl_" $kafka.protocol }}
{{- $user := include "quadrille.kafkaUser" . | fromJson }}
- name: QUADRILLE_KAFKA_SASL_MECHANISM
  value: {{ $kafka.mechanism }}
- name: QUADRILLE_KAFKA_USERNAME
  value: {{ $user.name }}
- name: QUADRILLE_KAFKA_PASSWORD
  valueFrom: { secretKeyRef: { name: {{ $user.secret }}, key: {{ $user.key }} } }
{{- end }}
{{- end }}
{{- end }}

{{/* Where a role's authorities' certificates are mounted: (list $ "orders"). */}}
{{- define "quadrille.mounts" -}}
{{- $root := index . 0 }}
{{- $role := index . 1 }}
{{- if and $root.Values.mongodb.ca.secret (ne $role "gateway") }}
- name: mongodb-ca
  mountPath: /etc/quadrille/mongodb
  readOnly: true
{{- end }}
{{- if and $root.Values.kafka.ca.secret (ne $role "gateway") }}
- name: kafka-ca
  mountPath: /etc/quadrille/kafka
  readOnly: true
{{- end }}
{{- end }}

{{- define "quadrille.volumes" -}}
{{- $root := index . 0 }}
{{- $role := index . 1 }}
{{- with $root.Values.mongodb.ca }}
{{- if and .secret (ne $role "gateway") }}
- name: mongodb-ca
  secret:
    secretName: {{ .secret }}
    items: [{ key: {{ .key }}, path: ca.crt }]
{{- end }}
{{- end }}
{{- with $root.Values.kafka.ca }}
{{- if and .secret (ne $role "gateway") }}
- name: kafka-ca
  secret:
    secretName: {{ .secret }}
    items: [{ key: {{ .key }}, path: ca.crt }]
{{- end }}
{{- end }}
{{- end }}
