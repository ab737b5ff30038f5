// What every pod of ours must have: the Pod Security profile "restricted" and some more, and references that lead somewhere.

const withPods = ['Deployment', 'StatefulSet', 'Job']

export const isWorkload = object => withPods.includes(object.kind)
export const podOf = workload => workload.spec.template

export function checkWorkload(workload, { report, exists, selects }) {
  const { metadata, spec } = podOf(workload)
  if (workload.kind !== 'Job' && !selects(workload.spec.selector, metadata.labels ?? {})) report('its selector does not choose its own pods')
  if (spec.automountServiceAccountToken !== false) report('mounts a token for the Kubernetes API')
  if (!spec.serviceAccountName || !exists('ServiceAccount', spec.serviceAccountName)) report(`the ServiceAccount ${spec.serviceAccountName} does not exist`)
  for (const key of ['hostNetwork', 'hostPID', 'hostIPC']) {
    if (spec[key]) report(`${key} is not allowed`)
  }

  for (const constraint of spec.topologySpreadConstraints ?? []) {
    if (!selects(constraint.labelSelector, metadata.labels ?? {})) report('a topology spread constraint does not count its own pods')
  }

  for (const volume of spec.volumes ?? []) checkVolume(volume, report, exists)
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    checkSecurity(spec.securityContext ?? {}, container, message => report(`container ${container.name}: ${message}`))
    checkContainer(workload, container, message => report(`container ${container.name}: ${message}`), exists)
  }
}

// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, field by field, and a read-only root.
function checkSecurity(pod, container, report) {
  const own = container.securityContext ?? {}
  if ((own.runAsNonRoot ?? pod.runAsNonRoot) !== true) report('runAsNonRoot is not set')
  if ((own.runAsUser ?? pod.runAsUser) === 0) report('runs as root')
  if (own.allowPrivilegeEscalation !== false) report('allowPrivilegeEscalation is not false')
  if (own.privileged) report('is privileged')
  if (!own.capabilities?.drop?.includes('ALL')) report('does not drop ALL capabilities')
  if ((own.capabilities?.add ?? []).some(it => it !== 'NET_BIND_SERVICE')) report('adds capabilities')
  if (!['RuntimeDefault', 'Localhost'].includes((own.seccompProfile ?? pod.seccompProfile)?.type)) report('has no seccomp profile')
  if (own.procMount && own.procMount !== 'Default') report('unmasks /proc')
  if (own.readOnlyRootFilesystem !== true) report('its root file system can be written')
  if ((container.ports ?? []).some(it => it.hostPort)) report('takes a port of the host')
}

function checkVolume(volume, report, exists) {
  const allowed = ['name', 'configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret']
  const other = Object.keys(volume).find(key => !allowed.includes(key))
  if (other) report(`volume ${volume.name} is of the kind ${other}, which "restricted" does not allow`)
  if (volume.secret && !exists('Secret', volume.secret.secretName)) report(`the Secret ${volume.secret.secretName} is not described in the README`)
  if (volume.secret && (volume.secret.defaultMode ?? 0o644) & 0o007) report(`everybody in the pod can read volume ${volume.name}`)
  if (volume.configMap && !exists('ConfigMap', volume.configMap.name)) report(`the ConfigMap ${volume.configMap.name} is neither here nor in the README`)
  if (volume.emptyDir && !volume.emptyDir.sizeLimit) report(`volume ${volume.name} has no size limit`)
}

function checkContainer(workload, container, report, exists) {
  const { spec } = podOf(workload)
  const volumes = [...(spec.volumes ?? []), ...(workload.spec.volumeClaimTemplates ?? []).map(claim => claim.metadata)].map(it => it.name)
  const mounts = container.volumeMounts ?? []
  for (const mount of mounts.filter(it => !volumes.includes(it.name))) report(`mounts ${mount.name}, which is no volume`)
  const paths = mounts.map(mount => mount.mountPath)
  if (new Set(paths).size !== paths.length) report('mounts two volumes at one path')
  for (const source of container.envFrom ?? []) {
    if (source.secretRef) report('takes a Secret from its environment; files only')
    if (source.configMapRef && !exists('ConfigMap', source.configMapRef.name)) report(`the ConfigMap ${source.configMapRef.name} does not exist`)
  }

  for (const variable of container.env ?? []) {
    if (variable.valueFrom?.secretKeyRef) report(`takes the Secret of ${variable.name} from its environment; files only`)
  }

  const { requests, limits } = container.resources ?? {}
  if (!requests?.cpu || !requests?.memory || !limits?.memory) report('has no requests of cpu and memory, or no limit of memory')
  if (workload.kind === 'Job') return
  for (const kind of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
    const probe = container[kind]
    if (!probe) report(`has no ${kind}`)
    const port = probe?.httpGet?.port
    if (port && !(container.ports ?? []).some(it => it.name === port)) report(`${kind} asks port ${port}, which it does not have`)
  }

  const reads = path => container.readinessProbe?.httpGet?.path === path
  if (reads(container.livenessProbe?.httpGet?.path ?? '')) report('is restarted for what only makes it not ready')
  const patience = spec.terminationGracePeriodSeconds - (container.lifecycle?.preStop?.sleep?.seconds ?? 0)
  if (!(patience > 30)) report('is killed before its own time to stop has passed')
}
