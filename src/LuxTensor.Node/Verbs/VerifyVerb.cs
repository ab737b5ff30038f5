using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;
using LuxTensor.Node.Configuration;

namespace LuxTensor.Node.Verbs;

/// <summary>luxtensor verify-certificate: checks a certificate of finality offline, with the genesis, and the set of its epoch once validators have come or gone.</summary>
internal static class VerifyVerb
{
    private const int MaxFileBytes = 4 << 20;

    internal static Command Create(Terminal terminal)
    {
        var file = new Argument<string>("file")
        {
            Description = "A certificate as luxtensor finality --certificate saves it, or its encoding in hexadecimal.",
        };
        var genesisFile = CommonOptions.File("--genesis", "The chain's genesis.json.");
        var validators = CommonOptions.Of<string?>(
            "--validators",
            "The set of the certificate's epoch, as luxtensor validators --epoch N --json prints it; that of the genesis unless given. Trust it "
            + "only if its hash, which is shown, is the one that a header names which you trust.",
            value: "FILE");
        var block = CommonOptions.Of<string?>("--block", "The hash of the block that it must make final.", value: "HASH");
        var command = new Verb(
            "verify-certificate",
            "Check a certificate of finality offline: chain, epoch, signers, signatures, quorum. Ends with 1 where it is not valid.",
            """
            luxtensor finality 17 --certificate 17.json
            luxtensor verify-certificate 17.json --genesis genesis.json
            luxtensor verify-certificate 900.json --genesis genesis.json --validators epoch28.jsonl
            """)
        {
            file, genesisFile, validators, block,
        };
        command.SetAction(parsed =>
        {
            var genesis = GenesisFile.Read(parsed.GetRequiredValue(genesisFile));
            var path = parsed.GetRequiredValue(file);
            var (fields, encoded) = ReadFile(path);
            var wanted = parsed.GetValue(block) is not { } text ? (Hash256?)null
                : Hash256.TryParse(text, out var hash) ? hash
                : throw CommandFailure.Usage($"--block is {text}; it must be a hash: 0x and 64 hexadecimal digits");
            var reader = new WireReader(encoded);
            var certificate = Certificate.Read(ref reader);
            if (!reader.End())
            {
                return Tell(terminal, parsed, $"the bytes are no certificate ({reader.Fault})", null, null);
            }

            var rules = genesis.Rules;
            var epoch = rules.EpochOf(certificate.Height);
            var named = parsed.GetValue(validators);
            var set = named is null ? genesis.EpochZero.For(epoch) : ValidatorsFile.Read(named, epoch);
            var rejection = Verifier.Check(certificate, rules, set, out _);
            if (rejection is not null && named is null && fields?["validatorSetHash"]?.ToString() is { } other && other != set.Hash.ToString())
            {
                throw CommandFailure.Usage($"the certificate is of epoch {epoch}, whose validators are not those of the genesis: name them with "
                    + $"--validators; luxtensor validators --epoch {epoch} --json prints them");
            }

            var why = rejection is not null ? Words(rejection, certificate)
                : certificate.Ballot.Phase != Phase.Precommit ? "it is of prepares, which let validators lock and make nothing final"
                : wanted is { } expected && expected != certificate.BlockHash ? $"it is for block {certificate.BlockHash}, not {expected}"
                : Contradiction(fields, certificate, set);
            return Tell(terminal, parsed, why, certificate, set);
        });
        return command;
    }

    private static int Tell(Terminal terminal, ParseResult parsed, string? why, Certificate? certificate, EpochSnapshot? set)
    {
        var values = new List<(string Key, JsonNode? Value)> { ("verdict", why is null ? "valid" : "INVALID"), ("reason", why) };
        if (certificate is not null && set is not null)
        {
            var signers = Signers(certificate, set).Select(static it => (JsonNode?)it);
            values.AddRange(
            [
                ("height", certificate.Height), ("round", certificate.Ballot.Round), ("epoch", certificate.Ballot.Epoch),
                ("block", certificate.BlockHash.ToString()), ("signers", new JsonArray([.. signers])),
                ("signedStake", Amount.Format(Signed(certificate, set))), ("totalStake", Amount.Format(set.TotalStake)),
                ("percent", NodeEvent.PercentSigned(certificate, set)), ("validatorSetHash", set.Hash.ToString()),
            ]);
        }

        Report.Print(terminal, parsed.GetValue(CommonOptions.Json), values);
        return (int)(why is null ? ExitCode.Ok : ExitCode.Negative);
    }

    // The encoding is what is verified; what is written beside it for humans must not say anything else.
    private static string? Contradiction(JsonObject? fields, Certificate certificate, EpochSnapshot set)
    {
        if (fields is null)
        {
            return null;
        }

        var ballot = certificate.Ballot;
        (string Key, string Value)[] said =
        [
            ("hash", certificate.Hash.ToString()), ("chainId", Hex64(ballot.ChainId)), ("epoch", Hex64(ballot.Epoch)),
                ("height", Hex64(ballot.Height)),
            ("round", Hex64(ballot.Round)), ("phase", "precommit"), ("blockHash", ballot.BlockHash.ToString()),
            ("signers", Hex.Encode(certificate.Signers.AsSpan())), ("validatorSetHash", set.Hash.ToString()),
            ("signatureCount", Hex64((ulong)certificate.Signatures.Length)),
            ("signedStake", $"0x{Signed(certificate, set):x}"), ("totalStake", $"0x{set.TotalStake:x}"),
            ("percent", NodeEvent.PercentSigned(certificate, set).ToString(CultureInfo.InvariantCulture)),
            ("validators", string.Join(',', Signers(certificate, set))),
            ("signatures", string.Join(',', certificate.Signatures.Select(static it => it.ToString()))),
        ];
        foreach (var (key, value) in said)
        {
            var written = fields[key] switch
            {
                null => value,
                JsonArray list => string.Join(',', list.Select(static it => it?.ToString())),
                var other => other.ToString(),
            };
            if (!string.Equals(written, value, StringComparison.Ordinal))
            {
                return $"its field {key} does not say what its encoding says";
            }
        }

        return null;
    }

    private static string Hex64(ulong value) => $"0x{value:x}";

    private static IEnumerable<string> Signers(Certificate certificate, EpochSnapshot set) =>
        set.Validators.Where((_, index) => certificate.HasSigned(index)).Select(static it => it.Address.ToString());

    private static UInt128 Signed(Certificate certificate, EpochSnapshot set)
    {
        UInt128 signed = 0;
        for (var i = 0; i < set.Validators.Length; i++)
        {
            signed += certificate.HasSigned(i) ? set.Validators[i].Stake : 0;
        }

        return signed;
    }

    private static string Words(VoteRejection rejection, Certificate certificate) => rejection switch
    {
        VoteRejection.WrongChain it => $"it is of chain {it.Actual}, the genesis is of chain {it.Expected}",
        VoteRejection.WrongEpoch it => $"height {it.Height} is in epoch {it.Expected}, it says {it.Actual}",
        VoteRejection.BadSignature it => $"the signature of {it.Validator} does not verify: a byte was changed, or it is of another chain or "
            + "validator set",
        VoteRejection.MalformedCertificate => "it names validators that the epoch does not have",
        VoteRejection.NoQuorum it => $"its signers hold {Amount.Format(it.Signed)} of {Amount.Format(it.Total)} tokens: no quorum",
        _ => $"it does not count at height {certificate.Height}: {rejection.GetType().Name}",
    };

    private static (JsonObject? Fields, byte[] Encoded) ReadFile(string path)
    {
        var text = Encoding.UTF8.GetString(BoundedFile.Read(path, MaxFileBytes, "certificate file")).Trim();
        JsonObject? fields = null;
        if (text.StartsWith('{'))
        {
            try
            {
                fields = JsonNode.Parse(text) as JsonObject;
            }
            catch (JsonException e)
            {
                throw CommandFailure.Usage($"{path} is no JSON: {e.Message}");
            }

            text = fields?["encoded"] is JsonValue value && value.TryGetValue<string>(out var known)
                ? known
                : throw CommandFailure.Usage($"{path} has no field \"encoded\": save a certificate with luxtensor finality HEIGHT "
                    + "--certificate FILE");
        }

        var digits = text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text;
        var encoded = new byte[digits.Length / 2];
        return Hex.TryDecode(digits, encoded)
            ? (fields, encoded)
            : throw CommandFailure.Usage($"{path} holds no certificate: hexadecimal digits are needed");
    }
}
