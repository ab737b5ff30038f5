// An object against the schema of its kind, as published by Kubernetes (and by the Prometheus operator). Fields that the
// schema does not know are refused too, as the API server does.

const packages = { 'monitoring.coreos.com': '@kubernetes-models/prometheus-operator/' }

export async function checkSchema(object, report) {
  const group = object.apiVersion.includes('/') ? object.apiVersion.split('/')[0] : ''
  const path = `${packages[group] ?? 'kubernetes-models/'}${object.apiVersion}/${object.kind}`
  let Model
  try {
    Model = (await import(path))[object.kind]
  } catch (error) {
    report(`no schema of ${object.apiVersion} ${object.kind}: ${error.message}`)
    return
  }

  const faults = faultsOf(Model, object)
  faults.forEach(fault => report(`${fault.path || '/'} ${fault.message}`))
  if (faults.length === 0) unknown(Model, object).forEach(at => report(`${at} is no field of ${object.kind}`))
}

function faultsOf(Model, object) {
  try {
    new Model(object).validate()
    return []
  } catch (error) {
    return (error.errors ?? [{ message: error.message }]).map(it => ({ path: it.instancePath ?? it.path ?? '', message: it.message }))
  }
}

// The compiled schemas ignore fields that they do not know. So each field is replaced by what no schema allows, a function: one
// that nobody complains about is not in the schema.
function unknown(Model, root) {
  const found = []
  const open = ['/metadata/labels', '/metadata/annotations', '/data', '/metadata/creationTimestamp']
  const visit = (value, path) => {
    for (const key of Object.keys(value)) {
      const at = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
      const kept = value[key]
      if (kept === null || open.some(end => at.endsWith(end)) || at === '/apiVersion' || at === '/kind') continue
      value[key] = () => {}
      const isKnown = faultsOf(Model, root).length > 0
      value[key] = kept
      if (!isKnown) found.push(at)
      else if (typeof kept === 'object') visit(kept, at)
    }
  }

  visit(root, '')
  return found
}
