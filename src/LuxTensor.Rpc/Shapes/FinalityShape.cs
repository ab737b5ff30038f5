using System.Text.Json;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Finality;
using LuxTensor.Core.Validators;
using LuxTensor.Core.Voting;
using LuxTensor.Core.Wire;
using LuxTensor.Engine;

namespace LuxTensor.Rpc;

/// <summary>Finality: progress, certificates, the feed's events, double votes. Integers are hex quantities, percents plain numbers.</summary>
internal static class FinalityShape
{
    public static string NameOf(Phase phase) => phase switch
    {
        Phase.Propose => "propose",
        Phase.Prepare => "prepare",
        Phase.Precommit => "precommit",
        _ => "commit",
    };

    /// <summary>How far the height being decided is.</summary>
    public static void WriteProgress(Utf8JsonWriter json, NodeState view)
    {
        var progress = view.Progress;
        json.WriteStartObject();
        json.Quantity("height"u8, progress.Height);
        json.WriteBoolean("final"u8, value: false);
        json.WriteString("phase"u8, NameOf(view.Chain.Phase));
        json.Quantity("round"u8, view.Chain.Round);
        json.Quantity("votedRound"u8, progress.Round);
        json.Quantity("epoch"u8, view.Chain.Rules.EpochOf(progress.Height));
        if (progress.Block.IsZero)
        {
            json.WriteNull("blockHash"u8);
        }
        else
        {
            json.Hash("blockHash"u8, progress.Block);
        }

        json.Quantity("preparedStake"u8, progress.Prepared);
        json.Quantity("signedStake"u8, progress.Precommitted);
        json.Quantity("totalStake"u8, progress.Total);
        json.WriteNumber("percent"u8, progress.Percent);
        json.WriteStartArray("missing"u8);
        foreach (var validator in progress.Missing)
        {
            json.AddressValue(validator);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>A final height in the same shape: its certificate says who signed.</summary>
    public static void WriteFinal(Utf8JsonWriter json, Block block, Certificate? certificate, EpochSnapshot set)
    {
        var signed = certificate is null ? set.TotalStake : SignedStake(certificate, set);
        json.WriteStartObject();
        json.Quantity("height"u8, block.Height);
        json.WriteBoolean("final"u8, value: true);
        json.WriteString("phase"u8, NameOf(Phase.Commit));
        json.Quantity("round"u8, certificate?.Ballot.Round ?? 0);
        json.Quantity("votedRound"u8, certificate?.Ballot.Round ?? 0);
        json.Quantity("epoch"u8, block.Header.Epoch);
        json.Hash("blockHash"u8, block.Hash);
        json.Quantity("preparedStake"u8, signed);
        json.Quantity("signedStake"u8, signed);
        json.Quantity("totalStake"u8, set.TotalStake);
        json.WriteNumber("percent"u8, (int)(signed * 100 / set.TotalStake));
        json.WriteStartArray("missing"u8);
        for (var i = 0; i < set.Validators.Length && certificate is not null; i++)
        {
            if (!certificate.HasSigned(i))
            {
                json.AddressValue(set.Validators[i].Address);
            }
        }

        json.WriteEndArray();
        if (certificate is not null)
        {
            json.WritePropertyName("certificate"u8);
            WriteSummary(json, certificate, set);
        }

        json.WriteEndObject();
    }

    /// <summary>An event of the finality feed.</summary>
    public static void WriteEvent(Utf8JsonWriter json, Block block, Certificate certificate, EpochSnapshot set)
    {
        var header = block.Header;
        json.WriteStartObject();
        json.Quantity("sequence"u8, block.Height);
        json.Quantity("height"u8, block.Height);
        json.Hash("blockHash"u8, block.Hash);
        json.Hash("parentHash"u8, header.Parent);
        json.Hash("stateRoot"u8, header.StateRoot);
        json.Hash("transactionsRoot"u8, header.TransactionsRoot);
        json.Quantity("transactions"u8, (ulong)block.Transactions.Length);
        json.Address("proposer"u8, header.Proposer);
        json.Quantity("epoch"u8, header.Epoch);
        json.Quantity("time"u8, header.Time);
        json.WritePropertyName("certificate"u8);
        WriteSummary(json, certificate, set);
        json.WriteEndObject();
    }

    /// <summary>Events that are no longer there: a subscriber goes on after <paramref name="to"/>.</summary>
    public static void WriteGap(Utf8JsonWriter json, ulong from, ulong to)
    {
        json.WriteStartObject();
        json.WriteStartObject("gap"u8);
        json.Quantity("from"u8, from);
        json.Quantity("to"u8, to);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>The whole certificate and who signed it.</summary>
    public static void WriteCertificate(Utf8JsonWriter json, Certificate certificate, EpochSnapshot set)
    {
        json.WriteStartObject();
        WriteSummaryFields(json, certificate, set);
        json.Quantity("chainId"u8, certificate.Ballot.ChainId);
        json.Quantity("epoch"u8, certificate.Ballot.Epoch);
        json.Quantity("height"u8, certificate.Height);
        json.Hash("blockHash"u8, certificate.BlockHash);
        json.WriteString("phase"u8, NameOf(certificate.Ballot.Phase));
        json.Hash("validatorSetHash"u8, set.Hash);
        json.Data("signers"u8, certificate.Signers.AsSpan());
        json.WriteStartArray("validators"u8);
        for (var i = 0; i < set.Validators.Length; i++)
        {
            if (certificate.HasSigned(i))
            {
                json.AddressValue(set.Validators[i].Address);
            }
        }

        json.WriteEndArray();
        json.WriteStartArray("signatures"u8);
        Span<byte> bytes = stackalloc byte[Crypto.Signature.Size];
        foreach (var signature in certificate.Signatures)
        {
            signature.CopyTo(bytes);
            json.DataValue(bytes);
        }

        json.WriteEndArray();
        var writer = new WireWriter();
        certificate.Write(writer);
        json.Data("encoded"u8, writer.Written);
        json.WriteEndObject();
    }

    /// <summary>A change of the chosen branch that some blocks left.</summary>
    public static void WriteReorganisation(Utf8JsonWriter json, Notice.HeadMoved moved)
    {
        json.WriteStartObject();
        json.Quantity("depth"u8, (ulong)moved.Left.Length);
        json.Hash("ancestor"u8, moved.Ancestor);
        json.Quantity("ancestorHeight"u8, moved.AncestorHeight);
        json.WriteStartArray("left"u8);
        foreach (var block in moved.Left)
        {
            json.HashValue(block.Hash);
        }

        json.WriteEndArray();
        json.WriteStartArray("joined"u8);
        foreach (var block in moved.Joined)
        {
            json.HashValue(block.Hash);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Two votes of one validator for one place that differ.</summary>
    public static void WriteEvidence(Utf8JsonWriter json, Evidence evidence)
    {
        json.WriteStartObject();
        WriteEvidenceFields(json, evidence);
        json.WriteEndObject();
    }

    /// <summary>The members of such an object.</summary>
    public static void WriteEvidenceFields(Utf8JsonWriter json, Evidence evidence)
    {
        var ballot = evidence.First.Ballot;
        json.Address("validator"u8, evidence.First.Validator);
        json.Quantity("height"u8, ballot.Height);
        json.Quantity("round"u8, ballot.Round);
        json.WriteString("phase"u8, NameOf(ballot.Phase));
        json.WriteStartArray("votes"u8);
        foreach (var vote in (ReadOnlySpan<Vote>)[evidence.First, evidence.Second])
        {
            var writer = new WireWriter(Vote.Size);
            vote.Write(writer);
            json.WriteStartObject();
            json.Hash("blockHash"u8, vote.Ballot.BlockHash);
            json.Data("encoded"u8, writer.Written);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteSummary(Utf8JsonWriter json, Certificate certificate, EpochSnapshot set)
    {
        json.WriteStartObject();
        WriteSummaryFields(json, certificate, set);
        json.WriteEndObject();
    }

    private static void WriteSummaryFields(Utf8JsonWriter json, Certificate certificate, EpochSnapshot set)
    {
        var signed = SignedStake(certificate, set);
        json.Hash("hash"u8, certificate.Hash);
        json.Quantity("round"u8, certificate.Ballot.Round);
        json.Quantity("signatureCount"u8, (ulong)certificate.Signatures.Length);
        json.Quantity("signedStake"u8, signed);
        json.Quantity("totalStake"u8, set.TotalStake);
        json.WriteNumber("percent"u8, (int)(signed * 100 / set.TotalStake));
    }

    private static UInt128 SignedStake(Certificate certificate, EpochSnapshot set)
    {
        UInt128 signed = 0;
        for (var i = 0; i < set.Validators.Length; i++)
        {
            signed += certificate.HasSigned(i) ? set.Validators[i].Stake : 0;
        }

        return signed;
    }
}
