using System.Text.Json;
using LuxTensor.Core.Blocks;
using LuxTensor.Core.Wire;
using LuxTensor.Crypto;

namespace LuxTensor.Rpc;

/// <summary>
/// A block in Ethereum's shape. What the chain does not have is zero in its exact length. One gas is one transaction, so
/// that gas times price is the fee. What Ethereum has no field for is under <c>lux</c>.
/// </summary>
internal static class BlockShape
{
    // Keccak-256 of the RLP of an empty list: every block without uncles has it.
    private static readonly byte[] NoUncles = Convert.FromHexString("1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347");
    private static readonly byte[] Zeros = new byte[256];

    // The most transactions that fit the largest block that a chain may have.
    private const ulong GasLimit = WireLimits.MaxBlockBytes / WireLimits.MinTransactionBytes;

    /// <summary>The header, as newHeads sends it.</summary>
    public static void WriteHeader(Utf8JsonWriter json, Block block)
    {
        json.WriteStartObject();
        WriteFields(json, block);
        WriteOwn(json, block);
        json.WriteEndObject();
    }

    /// <summary>The block, with transaction ids or whole transactions.</summary>
    public static void Write(Utf8JsonWriter json, Block block, bool full)
    {
        json.WriteStartObject();
        WriteFields(json, block);
        json.Quantity("size"u8, (ulong)block.Encoded.Length);
        json.WriteStartArray("uncles"u8);
        json.WriteEndArray();
        json.WriteStartArray("transactions"u8);
        for (var i = 0; i < block.Transactions.Length; i++)
        {
            if (full)
            {
                TransactionShape.Write(json, block.Transactions[i], block, i);
            }
            else
            {
                json.HashValue(block.Transactions[i].Id);
            }
        }

        json.WriteEndArray();
        WriteOwn(json, block);
        json.WriteEndObject();
    }

    private static void WriteFields(Utf8JsonWriter json, Block block)
    {
        var header = block.Header;
        json.Quantity("number"u8, block.Height);
        json.Hash("hash"u8, block.Hash);
        json.Hash("parentHash"u8, header.Parent);
        json.Data("sha3Uncles"u8, NoUncles);
        json.Data("logsBloom"u8, Zeros);
        json.Hash("transactionsRoot"u8, header.TransactionsRoot);
        json.Hash("stateRoot"u8, header.StateRoot);
        json.Hash("receiptsRoot"u8, Hash256.Zero);
        json.Address("miner"u8, header.Proposer);
        json.Quantity("difficulty"u8, 0UL);
        json.WriteString("extraData"u8, "0x"u8);
        json.Quantity("gasLimit"u8, GasLimit);
        json.Quantity("gasUsed"u8, (ulong)block.Transactions.Length);
        json.Quantity("timestamp"u8, header.Time / 1_000);
        json.Hash("mixHash"u8, Hash256.Zero);
        json.Data("nonce"u8, Zeros.AsSpan(0, 8));
    }

    private static void WriteOwn(Utf8JsonWriter json, Block block)
    {
        var header = block.Header;
        json.WriteStartObject("lux"u8);
        json.Quantity("round"u8, header.Round);
        json.Quantity("epoch"u8, header.Epoch);
        json.Quantity("time"u8, header.Time);
        json.Hash("validatorSetHash"u8, header.ValidatorSetHash);
        json.Hash("nextValidatorSetHash"u8, header.NextValidatorSetHash);
        json.Hash("certificateHash"u8, header.CertificateHash);
        json.WriteEndObject();
    }
}
