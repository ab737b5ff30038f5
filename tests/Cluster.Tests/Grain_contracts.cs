using System.Reflection;
using LuxTensor.Core;
using LuxTensor.Core.Consensus;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Peers;
using LuxTensor.Core.Voting;
using LuxTensor.Crypto;
using LuxTensor.Engine;
using LuxTensor.Engine.Cluster;
using LuxTensor.Grains;

namespace LuxTensor.Tests.Cluster;

/// <summary>
/// During a rolling upgrade silos of two versions call each other. What they say is written down in contracts.txt: a line may be
/// added there with what is new; none may change or go as long as a silo of the version before may still run.
/// </summary>
public sealed class Grain_contracts
{
    [Fact]
    public void Are_what_is_written_down()
    {
        var actual = Lines().Concat(Contents()).Order(StringComparer.Ordinal).ToArray();
        var written = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "contracts.txt")).Where(line => line.Length > 0).ToArray();

        Assert.Equal(written, actual);
    }

    [Fact]
    public void Name_everything_that_travels_by_an_alias()
    {
        var types = Types();
        var unnamed = types.Where(IsContract).Where(type => type.GetCustomAttribute<AliasAttribute>() is null).Select(type => type.Name)
            .Concat(types.Where(IsGrainInterface).SelectMany(type => type.GetMethods()).Where(method => method.GetCustomAttribute<AliasAttribute>() is null)
                .Select(method => $"{method.DeclaringType!.Name}.{method.Name}"))
            .Concat(types.Where(IsGrain).Where(type => type.GetCustomAttribute<GrainTypeAttribute>() is null).Select(type => type.Name));

        Assert.Empty(unnamed);
    }

    private static IEnumerable<string> Lines()
    {
        foreach (var type in Types())
        {
            if (IsGrain(type))
            {
                yield return $"grain {GrainTypeOf(type)}";
            }

            if (IsGrainInterface(type))
            {
                foreach (var method in type.GetMethods())
                {
                    var arguments = string.Join(", ", method.GetParameters().Select(parameter => NameOf(parameter.ParameterType)));
                    yield return $"call {AliasOf(type)}.{AliasOf(method)}({arguments}): {NameOf(method.ReturnType)}";
                }
            }
            else if (type.GetCustomAttribute<GenerateSerializerAttribute>() is not null)
            {
                foreach (var member in type.GetMembers().Where(member => member.GetCustomAttribute<IdAttribute>() is not null))
                {
                    var what = member is PropertyInfo property ? property.PropertyType : ((FieldInfo)member).FieldType;
                    yield return $"field {AliasOf(type)}[{member.GetCustomAttribute<IdAttribute>()!.Id}]: {NameOf(what)}";
                }
            }
        }
    }

    /// <summary>What the byte strings of the calls are made of, by the hash of an example: another format is another call.</summary>
    private static IEnumerable<string> Contents()
    {
        var (block, other) = (Sha256.Hash("block"u8), Sha256.Hash("other"u8));
        var (first, second) = (Sign(Phase.Precommit, block, 1), Sign(Phase.Precommit, other, 1));
        var certificate = new Certificate(first.Ballot, [1, 2], [first.Signature, second.Signature]);
        var report = new PeerReport();
        foreach (var input in (PeerInput[])[
            new PeerInput.Met(), new PeerInput.Useful(PeerMerit.Vote, 3), new PeerInput.Faulty(PeerFault.InvalidFrame, 2),
            new PeerInput.Refused(MessageKind.Votes, 4, 5), new PeerInput.Traffic(6, 7), new PeerInput.Claimed(8, block), new PeerInput.Proved(9, other)])
        {
            report.Add(input);
        }

        yield return Example("vote", Pack.Encode(first));
        yield return Example("votes", Pack.OfVotes([first, Sign(Phase.Precommit, block, 2), second]));
        yield return Example("pack", Pack.Of([new byte[] { 1, 2, 3 }, ReadOnlyMemory<byte>.Empty, new byte[] { 4 }]));
        yield return Example("frame", OutgoingFrame.Encode(Topic.Direct, new PeerId("peer"), [1, 2, 3]));
        yield return Example("answer", RelayCodec.EncodeAnswer(new PeerId("peer"), new byte[] { 1, 2, 3 }));
        yield return Example("input vote", Relay(new NodeInput.CastVote(Verifier.Attested(first), new PeerId("peer"))));
        yield return Example("input certificate", Relay(new NodeInput.Chain(new ChainInput.Certify(Verifier.Attested(certificate), new PeerId("peer")))));
        yield return Example("input status", Relay(new NodeInput.Chain(new ChainInput.Status(new Message.Status(block, 1, other, 2), new PeerId("peer")))));
        yield return Example("input bad vote", Relay(new NodeInput.BadVote(first.Validator, 3)));
        yield return Example("fact block quorum", Relay(new NodeInput.Told(3, new FinalityFact.BlockQuorum(certificate))));
        yield return Example("fact nil quorum", Relay(new NodeInput.Told(3, new FinalityFact.NilQuorum(4, Phase.Prepare))));
        yield return Example("fact any quorum", Relay(new NodeInput.Told(3, new FinalityFact.AnyQuorum(4, Phase.Prepare))));
        yield return Example("fact round skip", Relay(new NodeInput.Told(3, new FinalityFact.RoundSkip(4))));
        yield return Example("fact conflict", Relay(new NodeInput.Told(3, new FinalityFact.Conflict(new Evidence(first, second)))));
        yield return Example("decision released", GuardCodec.Encode(new GuardDecision.Released(first.Signature)));
        yield return Example("decision double sign", GuardCodec.Encode(new GuardDecision.DoubleSign(block, other)));
        yield return Example("decision below watermark", GuardCodec.Encode(new GuardDecision.BelowWatermark(new SigningPosition(1, 2, Phase.Prepare))));
        yield return Example("decision blocked", GuardCodec.Encode(new GuardDecision.Blocked("why")));
        yield return Example("report of a peer", report.Encode());
        yield return Example("verdict on a peer", new PeerVerdict(40_000, new PeerBan(1, 2, PeerFault.InvalidFrame)).Encode());
    }

    private static string Example(string what, byte[] bytes) => $"bytes {what}: {bytes.Length}, {Sha256.Hash(bytes).ToString()[..18]}";

    private static byte[] Relay(NodeInput input) => RelayCodec.Encode(input, chainId: 1)!;

    private static Vote Sign(Phase phase, Hash256 block, byte key)
    {
        using var signer = SigningKey.FromSeed(Enumerable.Repeat(key, 32).ToArray());
        var ballot = new Ballot(1, 2, 3, 4, phase, block);
        var message = new byte[Ballot.MessageSize];
        ballot.WriteMessage(message);
        return new Vote(ballot, Address.Of(signer.PublicKey), signer.Sign(message));
    }

    private static Type[] Types() =>
        [.. ((Type[])[typeof(IChainGrain), typeof(ValidatorHosting), typeof(GatewayHosting)]).SelectMany(static part => part.Assembly.GetTypes())];

    private static bool IsContract(Type type) => IsGrainInterface(type) || type.GetCustomAttribute<GenerateSerializerAttribute>() is not null;

    private static bool IsGrainInterface(Type type) => type.IsInterface && typeof(IAddressable).IsAssignableFrom(type);

    private static bool IsGrain(Type type) => type is { IsClass: true, IsAbstract: false } && typeof(Grain).IsAssignableFrom(type);

    private static string? GrainTypeOf(Type type) =>
        type.GetCustomAttributesData().Single(data => data.AttributeType == typeof(GrainTypeAttribute)).ConstructorArguments[0].Value as string;

    private static string? AliasOf(MemberInfo member) => member.GetCustomAttribute<AliasAttribute>()?.Alias;

    private static string NameOf(Type type) => type.IsGenericType
        ? $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>"
        : AliasOf(type) ?? type.Name;
}
