{{- define "dqa.labels" -}}
app.kubernetes.io/name: dqa-fleet
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "dqa.image" -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}

{{- define "dqa.url" -}}
{{- if .Values.server.enabled -}}
tls://{{ .Release.Name }}-server:4222
{{- else -}}
{{ required "server.url is needed where server.enabled is false" .Values.server.url }}
{{- end -}}
{{- end -}}

{{- define "dqa.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "dqa.container" -}}
image: {{ include "dqa.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}
