using System.Text.Json;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Transactions;
using LuxTensor.Crypto;

namespace LuxTensor.Rpc;

/// <summary>A transaction, and its receipt, in Ethereum's shape and in the chain's own.</summary>
internal static class TransactionShape
{
    /// <summary>Ethereum's shape. Without a block it is pending.</summary>
    public static void Write(Utf8JsonWriter json, Transaction transaction, Block? block, int index)
    {
        json.WriteStartObject();
        json.Hash("hash"u8, transaction.Id);
        WritePlace(json, block, index);
        json.Address("from"u8, transaction.Sender);
        WriteTo(json, transaction.Body);
        json.Quantity("value"u8, transaction.Value);
        json.Quantity("nonce"u8, transaction.Nonce);
        json.Quantity("gas"u8, 1UL);
        json.Quantity("gasPrice"u8, transaction.Fee);
        json.Data("input"u8, transaction.Body is TransactionBody.Data data ? data.Bytes.AsSpan() : []);
        json.WriteString("type"u8, "0x0"u8);
        json.Quantity("chainId"u8, transaction.ChainId);
        json.Quantity("v"u8, 0UL);
        json.Hash("r"u8, Hash256.Zero);
        json.Hash("s"u8, Hash256.Zero);
        WriteSigner(json, transaction);
        json.WriteEndObject();
    }

    /// <summary>Ethereum's receipt: in a block is carried out, so the status is always success.</summary>
    public static void WriteReceipt(Utf8JsonWriter json, Block block, int index)
    {
        var transaction = block.Transactions[index];
        json.WriteStartObject();
        json.Hash("transactionHash"u8, transaction.Id);
        WritePlace(json, block, index);
        json.Address("from"u8, transaction.Sender);
        WriteTo(json, transaction.Body);
        json.Quantity("cumulativeGasUsed"u8, (ulong)index + 1);
        json.Quantity("gasUsed"u8, 1UL);
        json.Quantity("effectiveGasPrice"u8, transaction.Fee);
        json.WriteNull("contractAddress"u8);
        json.WriteStartArray("logs"u8);
        json.WriteEndArray();
        json.Data("logsBloom"u8, new byte[256]);
        json.WriteString("type"u8, "0x0"u8);
        json.WriteString("status"u8, "0x1"u8);
        json.WriteEndObject();
    }

    /// <summary>The chain's own shape.</summary>
    public static void WriteOwn(Utf8JsonWriter json, Transaction transaction, Block? block, int index, bool isFinal)
    {
        json.WriteStartObject();
        json.Hash("id"u8, transaction.Id);
        json.WriteString("status"u8, block is null ? "pending"u8 : isFinal ? "final"u8 : "included"u8);
        WritePlace(json, block, index);
        json.Quantity("chainId"u8, transaction.ChainId);
        json.Address("sender"u8, transaction.Sender);
        json.Quantity("nonce"u8, transaction.Nonce);
        json.Quantity("fee"u8, transaction.Fee);
        json.WriteString("kind"u8, KindOf(transaction.Body));
        switch (transaction.Body)
        {
            case TransactionBody.Transfer transfer:
                json.Address("to"u8, transfer.To);
                json.Quantity("value"u8, transfer.Value);
                break;
            case TransactionBody.Stake or TransactionBody.TopUp:
                json.Quantity("value"u8, transaction.Value);
                break;
            case TransactionBody.Report report:
                json.WritePropertyName("evidence"u8);
                FinalityShape.WriteEvidence(json, new Core.Finality.Evidence(report.Offence.First, report.Offence.Second));
                break;
            case TransactionBody.Data data:
                json.Data("data"u8, data.Bytes.AsSpan());
                break;
        }

        WriteSigner(json, transaction);
        json.Data("encoded"u8, transaction.Encoded.Span);
        json.WriteEndObject();
    }

    private static string KindOf(TransactionBody body) => body switch
    {
        TransactionBody.Transfer => "transfer",
        TransactionBody.Stake => "stake",
        TransactionBody.TopUp => "topup",
        TransactionBody.Exit => "exit",
        TransactionBody.Withdraw => "withdraw",
        TransactionBody.Unjail => "unjail",
        TransactionBody.Report => "evidence",
        _ => "data",
    };

    // Under no name that clients of Ethereum read: ethers takes a member "signature" for one of secp256k1.
    private static void WriteSigner(Utf8JsonWriter json, Transaction transaction)
    {
        Span<byte> bytes = stackalloc byte[Signature.Size];
        json.WriteStartObject("ed25519"u8);
        transaction.SenderKey.CopyTo(bytes);
        json.Data("publicKey"u8, bytes[..PublicKey.Size]);
        transaction.Signature.CopyTo(bytes);
        json.Data("signature"u8, bytes);
        json.WriteEndObject();
    }

    private static void WritePlace(Utf8JsonWriter json, Block? block, int index)
    {
        if (block is null)
        {
            json.WriteNull("blockHash"u8);
            json.WriteNull("blockNumber"u8);
            json.WriteNull("transactionIndex"u8);
            return;
        }

        json.Hash("blockHash"u8, block.Hash);
        json.Quantity("blockNumber"u8, block.Height);
        json.Quantity("transactionIndex"u8, (ulong)index);
    }

    private static void WriteTo(Utf8JsonWriter json, TransactionBody body)
    {
        if (body is TransactionBody.Transfer transfer)
        {
            json.Address("to"u8, transfer.To);
        }
        else
        {
            json.WriteNull("to"u8);
        }
    }
}
