using System.Text.RegularExpressions;
using LuxTensor.Hosting.Cluster;

namespace LuxTensor.Tests.Silo;

public sealed class Kubernetes
{
    [SkippableTheory]
    [InlineData("external-postgres", 2, 0)]
    [InlineData("in-cluster-postgres", 2, 1)]
    public async Task An_overlay_renders_to_what_the_API_and_our_rules_accept(string overlay, int deployments, int servers)
    {
        var rendered = await Manifests.RenderAsync(overlay);

        var (problems, summary) = await Manifests.CheckAsync(rendered);

        Assert.Empty(problems);
        Assert.Equal(deployments, Regex.Count(rendered, "(?m)^kind: Deployment$"));
        Assert.Equal(servers, Regex.Count(rendered, "(?m)^kind: StatefulSet$"));
        Assert.True(summary.GetProperty("objects").GetInt32() > 20);
    }

    // Each breaks one line; the check must say so, or it checks nothing.
    [SkippableTheory]
    [InlineData("replicas: 3", "replicas: three", "/spec/replicas")]
    [InlineData("minReadySeconds: 20", "minReadySecond: 20", "/spec/minReadySecond is no field of Deployment")]
    [InlineData("periodSeconds: 10", "period: 10", "period is no field")]
    [InlineData("runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot is not set")]
    [InlineData("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "its root file system can be written")]
    [InlineData("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "allowPrivilegeEscalation is not false")]
    [InlineData("- ALL", "- CHOWN", "does not drop ALL capabilities")]
    [InlineData("type: RuntimeDefault", "type: Unconfined", "has no seccomp profile")]
    [InlineData("enforce: restricted", "enforce: baseline", "does not enforce the Pod Security profile restricted")]
    [InlineData("maxUnavailable: 0", "maxUnavailable: 1", "takes a silo away before its successor is ready")]
    [InlineData("path: /health/ready", "path: /health/live", "is restarted for what only makes it not ready")]
    [InlineData("secretName: luxtensor-keys", "secretName: luxtensor-key", "the Secret luxtensor-key is not described")]
    [InlineData("defaultMode: 288", "defaultMode: 292", "everybody in the pod can read")]
    [InlineData("targetPort: rpc-ws", "targetPort: rpc-web", "leads to rpc-web, which luxtensor-gateway does not have")]
    [InlineData("serviceAccountName: luxtensor-gateway", "serviceAccountName: default", "the ServiceAccount default does not exist")]
    [InlineData("terminationGracePeriodSeconds: 60", "terminationGracePeriodSeconds: 30", "is killed before its own time to stop has passed")]
    [InlineData("key: token", "clef: token", "/authorization/credentials")]
    public async Task A_manifest_that_breaks_a_rule_is_found(string line, string broken, string problem)
    {
        var rendered = await Manifests.RenderAsync("external-postgres");
        Assert.Contains(line, rendered, StringComparison.Ordinal);

        var (problems, _) = await Manifests.CheckAsync(rendered.Replace(line, broken, StringComparison.Ordinal));

        Assert.Contains(problems, it => it.Contains(problem, StringComparison.Ordinal));
    }

    [SkippableTheory]
    [InlineData("luxtensor-silo-to-silo", "luxtensor-silo", "luxtensor-stranger", "opens port silo to others than luxtensor-silo")]
    [InlineData("luxtensor-postgres", "- luxtensor-migration", "- luxtensor-stranger", "opens port postgres to others than luxtensor-silo and luxtensor-migration")]
    [InlineData("luxtensor-default-deny", "- Egress", "", "no NetworkPolicy refuses Egress by default")]
    public async Task A_network_policy_that_lets_others_in_is_found(string name, string text, string broken, string problem)
    {
        var objects = (await Manifests.RenderAsync("in-cluster-postgres")).Split("\n---\n");
        var index = Array.FindIndex(objects, it => it.Contains($"kind: NetworkPolicy\n", StringComparison.Ordinal) && it.Contains($"  name: {name}\n", StringComparison.Ordinal));
        objects[index] = objects[index].Replace($"          app.kubernetes.io/name: {text}\n", $"          app.kubernetes.io/name: {broken}\n", StringComparison.Ordinal)
            .Replace(text.StartsWith('-') ? text : "\0", broken, StringComparison.Ordinal);

        var (problems, _) = await Manifests.CheckAsync(string.Join("\n---\n", objects));

        Assert.Contains(problems, it => it.Contains(problem, StringComparison.Ordinal));
    }

    [SkippableTheory]
    [InlineData("external-postgres")]
    [InlineData("in-cluster-postgres")]
    public async Task What_a_pod_finds_in_its_environment_is_a_good_configuration(string overlay)
    {
        var (_, summary) = await Manifests.CheckAsync(await Manifests.RenderAsync(overlay));
        var read = new List<SiloSettings>();
        foreach (var workload in summary.GetProperty("workloads").EnumerateObject().Where(static it => it.Name != "luxtensor-postgres"))
        {
            var arguments = workload.Value.GetProperty("args").EnumerateArray().Select(static it => it.GetString()!).ToList();
            var config = arguments[arguments.IndexOf("--config") + 1];
            Assert.StartsWith("/app/silo-config/", config, StringComparison.Ordinal);
            var environment = workload.Value.GetProperty("environment").EnumerateObject()
                .Select(static it => KeyValuePair.Create(it.Name, it.Value.GetString()!));

            read.Add(SiloSettings.Read(Repository.PathOf(config["/app/".Length..]), new Overrides(environment)));
        }

        Assert.Equal([SiloDuty.Gateway, SiloDuty.Validator, SiloDuty.Gateway], read.Select(static it => it.Role));
        Assert.All(read, static it => Assert.Equal(("/run/secrets/postgres/password", "/run/secrets/operations/token", "/run/secrets/silo-tls/ca.crt"),
            (it.Postgres.PasswordFile, it.Operations.TokenFile, it.Tls?.Authority)));
        Assert.All(read.Take(2), static it => Assert.Equal("10.1.2.3", it.Cluster.Advertised.ToString()));
        Assert.Single(read[1].Keys);
    }

    [SkippableFact]
    public async Task Alert_rules_ask_for_metrics_that_exist()
    {
        var (_, summary) = await Manifests.CheckAsync(await Manifests.RenderAsync("external-postgres"));
        var defined = Repository.Sources()
            .SelectMany(static file => Regex.Matches(File.ReadAllText(file), "\"(luxtensor[._][a-z_.]+)\"").Select(static it => it.Groups[1].Value.Replace('.', '_')))
            .ToHashSet(StringComparer.Ordinal);

        var asked = summary.GetProperty("metrics").EnumerateArray().Select(static it => it.GetString()!).ToArray();

        // Those of Orleans are looked for in a silo's own answer, by the cluster's tests.
        Assert.All(
            asked.Where(static it => it.StartsWith("luxtensor_", StringComparison.Ordinal)),
            name => Assert.Contains(Regex.Replace(name, "_(total|bucket|sum|count)$", ""), defined));
        Assert.True(asked.Length >= 10);
    }
}
