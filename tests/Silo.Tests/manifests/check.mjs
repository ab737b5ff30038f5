// Reads rendered manifests from standard input. Writes one JSON object a line: {"problem": "..."} for whatever is wrong, then
// one {"objects": n, "metrics": [...], "workloads": {name: {args, environment}}}. Its argument is the README that names what
// the operator makes (Secrets and the genesis).
import { readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'
import { checkWorkload, podOf, isWorkload } from './pods.mjs'
import { checkSchema } from './schema.mjs'

const text = readFileSync(0, 'utf8')
const readme = readFileSync(process.argv[2], 'utf8')
const problems = []
const report = (object, message) => problems.push(`${object.kind}/${object.metadata?.name}: ${message}`)

// YAML 1.1, as kubectl reads it: duplicate keys are errors there as here.
const objects = parseAllDocuments(text, { version: '1.1' }).map(document => {
  document.errors.forEach(error => problems.push(`not YAML: ${error.message}`))
  return document.toJS()
}).filter(Boolean)

const workloads = objects.filter(isWorkload)
const ofKind = kind => objects.filter(object => object.kind === kind)
const labelsOf = workload => podOf(workload).metadata.labels ?? {}
const portsOf = workload => podOf(workload).spec.containers.flatMap(container => container.ports ?? [])

// Whether a label selector chooses labels.
export function selects(selector, labels) {
  return Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value)
    && (selector?.matchExpressions ?? []).every(({ key, operator, values }) =>
      operator === 'In' ? values.includes(labels[key])
      : operator === 'NotIn' ? !values.includes(labels[key])
      : operator === 'Exists' ? key in labels
      : !(key in labels))
}

const chosenBy = selector => workloads.filter(workload => selects(selector, labelsOf(workload)))
const isOutside = (kind, name) => new RegExp(`\\b${kind}\\b[^\\n]*\`${name}\``, 'i').test(readme)

for (const object of objects) {
  await checkSchema(object, message => report(object, message))
  if (object.kind !== 'Namespace' && object.metadata.namespace !== 'luxtensor') {
    report(object, `its namespace is ${object.metadata.namespace}, not luxtensor`)
  }
}

const identities = objects.map(object => `${object.apiVersion} ${object.kind}/${object.metadata.name}`)
identities.filter((one, index) => identities.indexOf(one) !== index).forEach(one => problems.push(`${one} is there twice`))

for (const namespace of ofKind('Namespace')) {
  if (namespace.metadata.labels['pod-security.kubernetes.io/enforce'] !== 'restricted') {
    report(namespace, 'does not enforce the Pod Security profile restricted')
  }
}

for (const workload of workloads) {
  checkWorkload(workload, {
    report: message => report(workload, message),
    exists: (kind, name) => objects.some(object => object.kind === kind && object.metadata.name === name) || isOutside(kind, name),
    selects,
  })
}

for (const service of ofKind('Service')) {
  const targets = chosenBy({ matchLabels: service.spec.selector })
  if (targets.length === 0) report(service, 'its selector chooses no pod')
  for (const port of service.spec.ports) {
    for (const target of targets) {
      const found = portsOf(target).find(it => it.name === port.targetPort || it.containerPort === port.targetPort)
      if (!found) report(service, `port ${port.name} leads to ${port.targetPort}, which ${target.metadata.name} does not have`)
    }
  }
}

for (const budget of ofKind('PodDisruptionBudget')) {
  const targets = chosenBy(budget.spec.selector)
  if (targets.length !== 1) report(budget, `chooses ${targets.length} workloads, not one`)
  if (targets.some(target => !(budget.spec.maxUnavailable < target.spec.replicas))) report(budget, 'lets every pod be evicted at once')
}

for (const deployment of ofKind('Deployment')) {
  const rolling = deployment.spec.strategy?.rollingUpdate
  if (rolling?.maxUnavailable !== 0 || !(rolling?.maxSurge >= 1)) report(deployment, 'an update takes a silo away before its successor is ready')
  if (!(deployment.spec.minReadySeconds > 0)) report(deployment, 'an update does not wait for a silo to stay ready')
  if (!(deployment.spec.replicas > 1)) report(deployment, 'has a single silo')
  if (!ofKind('PodDisruptionBudget').some(budget => selects(budget.spec.selector, labelsOf(deployment)))) report(deployment, 'has no PodDisruptionBudget')
}

checkNetwork()
checkMonitoring()

function checkNetwork() {
  const policies = ofKind('NetworkPolicy')
  const isClosed = direction => policies.some(policy =>
    Object.keys(policy.spec.podSelector).length === 0 && policy.spec.policyTypes.includes(direction) && !policy.spec[direction.toLowerCase()])
  for (const direction of ['Ingress', 'Egress']) {
    if (!isClosed(direction)) problems.push(`no NetworkPolicy refuses ${direction} by default`)
  }

  // Who may reach a port that is not everybody's.
  const guarded = { silo: ['luxtensor-silo'], postgres: ['luxtensor-silo', 'luxtensor-migration'] }
  for (const policy of policies) {
    const own = chosenBy(policy.spec.podSelector)
    if (own.length === 0) report(policy, 'its selector chooses no pod')
    for (const rule of policy.spec.ingress ?? []) {
      if (!rule.ports?.length || !rule.from?.length) report(policy, 'lets in more than named peers on named ports')
      for (const { port } of rule.ports ?? []) {
        const owners = own.filter(workload => portsOf(workload).some(it => it.name === port || it.containerPort === port))
        if (owners.length === 0) report(policy, `opens port ${port}, which no chosen pod has`)
        for (const peer of rule.from ?? []) {
          if (guarded[port] && !isOneOf(peer, guarded[port])) report(policy, `opens port ${port} to others than ${guarded[port].join(' and ')}`)
        }
      }
    }

    for (const rule of policy.spec.egress ?? []) {
      if (!rule.ports?.length || !rule.to?.length) report(policy, 'lets out more than to named peers on named ports')
      for (const peer of (rule.to ?? []).filter(it => it.podSelector && !it.namespaceSelector)) {
        for (const { port } of rule.ports ?? []) {
          if (!chosenBy(peer.podSelector).some(workload => portsOf(workload).some(it => it.name === port || it.containerPort === port))) {
            report(policy, `leads to port ${port}, which no pod there has`)
          }
        }
      }
    }
  }

  for (const [port, names] of Object.entries(guarded)) {
    const owners = workloads.filter(workload => portsOf(workload).some(it => it.name === port))
    for (const owner of owners) {
      if (!policies.some(policy => selects(policy.spec.podSelector, labelsOf(owner))
        && policy.spec.ingress?.some(rule => rule.ports?.some(it => it.port === port)))) {
        report(owner, `no NetworkPolicy lets ${names.join(' and ')} reach port ${port}`)
      }
    }
  }
}

function isOneOf(peer, names) {
  if (peer.ipBlock || peer.namespaceSelector || !peer.podSelector) return false
  const { matchLabels, matchExpressions } = peer.podSelector
  const named = matchLabels?.['app.kubernetes.io/name']
  const listed = matchExpressions?.find(it => it.key === 'app.kubernetes.io/name' && it.operator === 'In')?.values
  return named ? names.includes(named) : (listed ?? ['*']).every(name => names.includes(name))
}

function checkMonitoring() {
  for (const monitor of ofKind('ServiceMonitor')) {
    const services = ofKind('Service').filter(service => selects(monitor.spec.selector, service.metadata.labels ?? {}))
    if (services.length !== 1) report(monitor, `chooses ${services.length} Services, not one`)
    for (const endpoint of monitor.spec.endpoints) {
      if (!services.every(service => service.spec.ports.some(it => it.name === endpoint.port))) report(monitor, `no Service has a port ${endpoint.port}`)
      const secret = endpoint.authorization?.credentials?.name
      if (!secret || !isOutside('Secret', secret)) report(monitor, `the Secret ${secret} is not described in the README`)
    }
  }
  for (const rule of alerts()) {
    if (!rule.annotations?.summary || !rule.labels?.severity) problems.push(`alert ${rule.alert} has no summary or no severity`)
  }
}

function alerts() {
  return ofKind('PrometheusRule').flatMap(rules => rules.spec.groups.flatMap(group => group.rules))
}

// What a container finds in its environment; a field of the pod is an address here.
function environmentOf(workload) {
  const environment = {}
  for (const container of podOf(workload).spec.containers) {
    for (const { configMapRef } of container.envFrom ?? []) {
      Object.assign(environment, ofKind('ConfigMap').find(map => map.metadata.name === configMapRef.name)?.data)
    }
    for (const { name, value, valueFrom } of container.env ?? []) {
      environment[name] = value ?? (valueFrom.fieldRef?.fieldPath === 'status.podIP' ? '10.1.2.3' : 'a-pod')
    }
  }
  return environment
}

problems.forEach(problem => console.log(JSON.stringify({ problem })))
console.log(JSON.stringify({
  objects: objects.length,
  metrics: [...new Set(alerts().flatMap(rule => rule.expr.match(/\b(luxtensor|orleans)_\w+/g)))].sort(),
  workloads: Object.fromEntries(workloads.map(workload => [
    workload.metadata.name, { args: podOf(workload).spec.containers[0].args ?? [], environment: environmentOf(workload) },
  ])),
}))
