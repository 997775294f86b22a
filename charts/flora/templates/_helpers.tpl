{{- define "flora.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* The longest name that is made of it ends in "-headless". */}}
{{- define "flora.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "flora.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "flora.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "flora.selector" -}}
app.kubernetes.io/name: {{ include "flora.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "flora.labels" -}}
{{ include "flora.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* The runtime's pods, apart from that of helm test. */}}
{{- define "flora.pods" -}}
{{ include "flora.selector" . }}
app.kubernetes.io/component: runtime
{{- end -}}

{{- define "flora.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "flora.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "flora.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* Numbers of values may be floats. */}}
{{- define "flora.port" -}}
{{- dig "api" "port" 3000 .Values.config | int64 -}}
{{- end -}}

{{- define "flora.drain" -}}
{{- dig "runtime" "drain_timeout_secs" 10 .Values.config | int64 -}}
{{- end -}}

{{- define "flora.grace" -}}
{{- if gt (int64 .Values.terminationGracePeriodSeconds) 0 -}}
{{- int64 .Values.terminationGracePeriodSeconds -}}
{{- else -}}
{{- add (include "flora.drain" .) 30 -}}
{{- end -}}
{{- end -}}

{{- define "flora.embedded" -}}
{{- if dig "storage" "embedded" false .Values.config -}}true{{- end -}}
{{- end -}}

{{- define "flora.replicas" -}}
{{- if dig "replicas" "enabled" false .Values.config -}}true{{- end -}}
{{- end -}}

{{- define "flora.redirect" -}}
{{- $set := dig "discord" "redirect_uri" "" .Values.config -}}
{{- if $set -}}
{{- $set -}}
{{- else if and .Values.ingress.enabled .Values.ingress.hosts -}}
{{- printf "%s://%s/api/auth/callback" (ternary "https" "http" (not (empty .Values.ingress.tls))) (first .Values.ingress.hosts) -}}
{{- else -}}
http://localhost:{{ include "flora.port" . }}/api/auth/callback
{{- end -}}
{{- end -}}

{{/* What the values make TOML of: one line a key, with its section before it. */}}
{{- define "flora.toml" -}}
{{- $prefix := .prefix -}}
{{- range $key, $value := .values -}}
{{- if kindIs "map" $value -}}
{{- include "flora.toml" (dict "prefix" (printf "%s%s." $prefix $key) "values" $value) -}}
{{- else if kindIs "float64" $value -}}
{{- printf "%s%s = %d\n" $prefix $key (int64 $value) -}}
{{- else if not (kindIs "invalid" $value) -}}
{{- printf "%s%s = %s\n" $prefix $key (toJson $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "flora.config" -}}
{{- $all := deepCopy .Values.config -}}
{{- $_ := set $all "data_dir" "/var/lib/flora" -}}
{{- $_ = set $all "discord" (merge (dict "redirect_uri" (include "flora.redirect" .)) (default dict $all.discord)) -}}
{{- include "flora.toml" (dict "prefix" "" "values" $all) -}}
{{- end -}}

{{/* Everything that is wrong is told at once, before anything is made. */}}
{{- define "flora.problems" -}}
{{- $v := .Values -}}
{{- $p := list -}}
{{- $engine := dig "kv" "engine" "pebble" $v.config -}}
{{- $embedded := include "flora.embedded" . -}}
{{- $replicas := include "flora.replicas" . -}}
{{- if not (dig "discord" "client_id" "" $v.config) -}}
{{- $p = append $p "config.discord.client_id is not set; it is the application's id from Discord's developer portal, in quotes" -}}
{{- end -}}
{{- if gt (int64 $v.replicaCount) 1 -}}
{{- if not $replicas -}}
{{- $p = append $p (printf "replicaCount is %d, which needs config.replicas.enabled: true" (int64 $v.replicaCount)) -}}
{{- end -}}
{{- if ne $engine "postgres" -}}
{{- $p = append $p (printf "replicaCount is %d, which needs config.kv.engine: postgres: with %s each process has key-value data of its own" (int64 $v.replicaCount) $engine) -}}
{{- end -}}
{{- end -}}
{{- if and $replicas (le (int64 $v.replicaCount) 1) (ne $engine "postgres") -}}
{{- $p = append $p "config.replicas.enabled needs config.kv.engine: postgres" -}}
{{- end -}}
{{- if and $embedded (or $replicas (eq $engine "postgres")) -}}
{{- $p = append $p "config.storage.embedded keeps everything in one process; config.replicas.enabled and config.kv.engine: postgres need a database and a cache instead" -}}
{{- end -}}
{{- if and (not $v.persistence.enabled) (or $embedded (ne $engine "postgres")) -}}
{{- $p = append $p "persistence.enabled is false, and key-value data would be lost with the pod; set it, or config.kv.engine: postgres" -}}
{{- end -}}
{{- $needed := list "botToken" "clientSecret" "apiSecret" "masterKey" -}}
{{- if not $embedded -}}
{{- $needed = concat $needed (list "databaseUrl" "cacheUrl") -}}
{{- end -}}
{{- range $needed -}}
{{- if not (index $v.secrets . "name") -}}
{{- $p = append $p (printf "secrets.%s.name is empty; it is the name of a Secret" .) -}}
{{- end -}}
{{- end -}}
{{- if le (int64 (include "flora.grace" .)) (int64 (include "flora.drain" .)) -}}
{{- $p = append $p (printf "terminationGracePeriodSeconds is %s, but it must be above config.runtime.drain_timeout_secs, which is %s" (include "flora.grace" .) (include "flora.drain" .)) -}}
{{- end -}}
{{- range $value, $variables := include "flora.variables" . | fromYaml -}}
{{- range $v.extraEnv -}}
{{- if has .name $variables -}}
{{- $p = append $p (printf "extraEnv sets %s, a credential: name its Secret in secrets.%s" .name $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and $v.ingress.enabled (not $v.ingress.hosts) -}}
{{- $p = append $p "ingress.enabled needs a host in ingress.hosts" -}}
{{- end -}}
{{- if and $v.metrics.serviceMonitor.enabled (not $v.secrets.operatorSecret.name) -}}
{{- $p = append $p "metrics.serviceMonitor.enabled needs secrets.operatorSecret: metrics are for the operator only" -}}
{{- end -}}
{{- if $p -}}
{{- fail (printf "\n%s\n" (join "\n" $p)) -}}
{{- end -}}
{{- end -}}

{{/* The variable of each credential, by its name in secrets. */}}
{{- define "flora.variables" -}}
botToken: [FLORA_DISCORD_BOT_TOKEN, DISCORD_TOKEN]
clientSecret: [FLORA_DISCORD_CLIENT_SECRET, DISCORD_CLIENT_SECRET]
apiSecret: [FLORA_API_SECRET, API_SECRET]
operatorSecret: [FLORA_API_OPERATOR_SECRET, API_OPERATOR_SECRET]
masterKey: [FLORA_SECRETS_MASTER_KEY, SECRETS_MASTER_KEY]
previousKeys: [FLORA_SECRETS_PREVIOUS_KEYS]
databaseUrl: [FLORA_DATABASE_URL, DATABASE_URL]
cacheUrl: [FLORA_CACHE_URL, CACHE_URL]
{{- end -}}

{{- define "flora.environment" -}}
{{/* Empty is not set: what the image sets is the configuration's. */ -}}
- name: FLORA_DATA_DIR
  value: ""
- name: FLORA_LOG_FORMAT
  value: ""
{{- $embedded := include "flora.embedded" . -}}
{{- range $value, $variables := include "flora.variables" . | fromYaml }}
{{- with index $.Values.secrets $value }}
{{- if and .name (not (and $embedded (has $value (list "databaseUrl" "cacheUrl")))) }}
- name: {{ first $variables }}
  valueFrom:
    secretKeyRef:
      name: {{ .name }}
      key: {{ .key }}
{{- end }}
{{- end }}
{{- end }}
{{- if include "flora.replicas" . }}
- name: POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: FLORA_REPLICAS_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: FLORA_REPLICAS_URL
  {{- if eq "IPv6" (first (append (default list .Values.service.ipFamilies) "IPv4")) }}
  value: http://[$(POD_IP)]:{{ include "flora.port" . }}
  {{- else }}
  value: http://$(POD_IP):{{ include "flora.port" . }}
  {{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What the pods of the runtime and of helm test have in common. */}}
{{- define "flora.pod" -}}
serviceAccountName: {{ include "flora.serviceAccount" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .Values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- end -}}
