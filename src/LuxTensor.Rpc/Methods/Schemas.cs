namespace LuxTensor.Rpc;

/// <summary>The JSON schemas of parameters and results, as text.</summary>
internal static class Schemas
{
    public const string Any = "{}";
    public const string Quantity = """{"$ref":"#/components/schemas/Quantity"}""";
    public const string Integer = """{"anyOf":[{"$ref":"#/components/schemas/Quantity"},{"type":"integer","minimum":0}]}""";
    public const string Hash = """{"$ref":"#/components/schemas/Hash"}""";
    public const string Address = """{"$ref":"#/components/schemas/Address"}""";
    public const string Data = """{"$ref":"#/components/schemas/Data"}""";
    public const string BlockTag = """{"$ref":"#/components/schemas/BlockTag"}""";
    public const string BlockReference =
        """{"anyOf":[{"$ref":"#/components/schemas/BlockTag"},{"$ref":"#/components/schemas/Hash"},{"type":"object"}]}""";
    public const string Flag = """{"type":"boolean"}""";
    public const string Text = """{"type":"string"}""";
    public const string Id = """{"type":"string","pattern":"^0x[0-9a-f]{32}$"}""";
    public const string Call = """{"type":"object"}""";
    public const string LogFilter = """{"type":"object"}""";
    public const string NoLogs = """{"type":"array","maxItems":0}""";
    public const string HashList = """{"type":"array","items":{"$ref":"#/components/schemas/Hash"}}""";
    public const string Syncing = """{"anyOf":[{"const":false},{"$ref":"#/components/schemas/SyncStatus"}]}""";

    /// <summary>A component by name.</summary>
    public static string Ref(string component) => $$"""{"$ref":"#/components/schemas/{{component}}"}""";

    /// <summary>A component, or null.</summary>
    public static string OrNull(string component) => $$"""{"anyOf":[{"$ref":"#/components/schemas/{{component}}"},{"type":"null"}]}""";

    /// <summary>The components. Objects list every member: one that is not listed is a fault.</summary>
    public static IEnumerable<(string Name, string Schema)> Components =>
    [
        ("Quantity", """{"type":"string","pattern":"^0x(0|[1-9a-f][0-9a-f]{0,31})$"}"""),
        ("Hash", """{"type":"string","pattern":"^0x[0-9a-f]{64}$"}"""),
        ("Address", """{"type":"string","pattern":"^0x[0-9a-f]{40}$"}"""),
        ("Data", """{"type":"string","pattern":"^0x([0-9a-f]{2})*$"}"""),
        ("Bloom", """{"type":"string","pattern":"^0x[0-9a-f]{512}$"}"""),
        ("Signature", """{"type":"string","pattern":"^0x[0-9a-f]{128}$"}"""),
        ("Percent", """{"type":"integer","minimum":0,"maximum":100}"""),
        ("Phase", """{"enum":["propose","prepare","precommit","commit"]}"""),
        ("BlockTag", """{"anyOf":[{"$ref":"#/components/schemas/Quantity"},{"enum":["latest","pending","safe","finalized","earliest"]}]}"""),
        ("Signer", Object("publicKey:Hash signature:Signature")),
        ("SyncStatus", Object("startingBlock:Quantity currentBlock:Quantity highestBlock:Quantity")),
        ("Sync", Object(
            "active:Flag startingBlock:Quantity currentBlock:Quantity provenBlock:Quantity claimedBlock:Quantity headers:Quantity queued:Quantity pending:Quantity "
            + "downloaded:Quantity waiting:Quantity waitingBytes:Quantity requests:Quantity retried:Quantity blocksPerSecond:NumberOrNull "
            + "secondsLeft:NumberOrNull peers:[SyncPeer]")),
        ("NumberOrNull", """{"anyOf":[{"type":"number"},{"type":"null"}]}"""),
        ("SyncPeer", Object("peerId:Text claimedBlock:Quantity failures:Quantity restsUntil:Quantity? asked:SyncAsked?")),
        ("SyncAsked", Object("what:SyncPart from:Quantity count:Quantity since:Quantity")),
        ("SyncPart", """{"enum":["headers","blocks"]}"""),
        ("BlockOwn", Object(
            "round:Quantity epoch:Quantity time:Quantity validatorSetHash:Hash nextValidatorSetHash:Hash certificateHash:Hash")),
        ("Block", Object(
            "number:Quantity hash:Hash parentHash:Hash sha3Uncles:Hash logsBloom:Bloom transactionsRoot:Hash stateRoot:Hash receiptsRoot:Hash "
            + "miner:Address difficulty:Quantity extraData:Data gasLimit:Quantity gasUsed:Quantity timestamp:Quantity mixHash:Hash nonce:Nonce "
            + "size:Quantity uncles:[Hash] transactions:[TransactionOrId] lux:BlockOwn")),
        ("Nonce", """{"type":"string","pattern":"^0x[0-9a-f]{16}$"}"""),
        ("TransactionOrId", """{"anyOf":[{"$ref":"#/components/schemas/Hash"},{"$ref":"#/components/schemas/Transaction"}]}"""),
        ("Transaction", Object(
            "hash:Hash blockHash:Hash? blockNumber:Quantity? transactionIndex:Quantity? from:Address to:Address? value:Quantity nonce:Quantity "
            + "gas:Quantity gasPrice:Quantity input:Data type:Quantity chainId:Quantity v:Quantity r:Hash s:Hash ed25519:Signer")),
        ("Receipt", Object(
            "transactionHash:Hash blockHash:Hash blockNumber:Quantity transactionIndex:Quantity from:Address to:Address? "
            + "cumulativeGasUsed:Quantity gasUsed:Quantity effectiveGasPrice:Quantity contractAddress:Address? logs:[Data] logsBloom:Bloom "
            + "type:Quantity status:Quantity")),
        ("TransactionKind", """{"enum":["transfer","stake","topup","exit","withdraw","unjail","evidence","data"]}"""),
        ("TransactionStatus", """{"enum":["pending","included","final"]}"""),
        ("OwnTransaction", Object(
            "id:Hash status:TransactionStatus blockHash:Hash? blockNumber:Quantity? transactionIndex:Quantity? chainId:Quantity sender:Address "
            + "nonce:Quantity fee:Quantity kind:TransactionKind ed25519:Signer encoded:Data",
            "to:Address value:Quantity data:Data evidence:Evidence")),
        ("FeeHistory", Object("oldestBlock:Quantity baseFeePerGas:[Quantity] gasUsedRatio:[Number]")),
        ("Number", """{"type":"number"}"""),
        ("Text", Text),
        ("Flag", Flag),
        ("Mempool", Object("count:Quantity bytes:Quantity maxBytes:Quantity maxPerSender:Quantity transactions:[Hash]")),
        ("Point", Object("number:Quantity hash:Hash")),
        ("PoolSize", Object("count:Quantity bytes:Quantity")),
        ("SyncingState", Syncing),
        ("NodeStatus", Object(
            "clientVersion:Text chainId:Quantity genesisHash:Hash latest:Point safe:Point finalized:Point deciding:Quantity round:Quantity "
            + "phase:Phase epoch:Quantity localValidators:[Address] peerCount:Quantity peers:[Text] mempool:PoolSize syncing:SyncingState stopped:Flag")),
        ("CertificateSummary", Object("hash:Hash round:Quantity signatureCount:Quantity signedStake:Quantity totalStake:Quantity percent:Percent")),
        ("Certificate", Object(
            "hash:Hash round:Quantity signatureCount:Quantity signedStake:Quantity totalStake:Quantity percent:Percent chainId:Quantity "
            + "epoch:Quantity height:Quantity blockHash:Hash phase:Phase validatorSetHash:Hash signers:Data validators:[Address] "
            + "signatures:[Signature] encoded:Data")),
        ("Finality", Object(
            "height:Quantity final:Flag phase:Phase round:Quantity votedRound:Quantity epoch:Quantity blockHash:Hash? preparedStake:Quantity "
            + "signedStake:Quantity totalStake:Quantity percent:Percent missing:[Address]",
            "certificate:CertificateSummary")),
        ("FinalityEvent", Object(
            "sequence:Quantity height:Quantity blockHash:Hash parentHash:Hash stateRoot:Hash transactionsRoot:Hash transactions:Quantity "
            + "proposer:Address epoch:Quantity time:Quantity certificate:CertificateSummary")),
        ("Gap", Object("from:Quantity to:Quantity")),
        ("FinalityPage", Object("events:[FinalityEvent] next:Quantity newest:Quantity", "gap:Gap")),
        ("Standing", """{"enum":["waiting","active","jailed","leaving","withdrawn"]}"""),
        ("Member", Object("index:Quantity address:Address publicKey:Hash stake:Quantity standing:Standing? slashed:Flag")),
        ("ValidatorSet", Object("epoch:Quantity hash:Hash totalStake:Quantity count:Quantity validators:[Member] next:Quantity?")),
        ("Validator", Object(
            "address:Address publicKey:Hash stake:Quantity standing:Standing slashed:Flag sequence:Quantity from:Quantity until:Quantity? "
            + "withdrawable:Quantity? missed:Quantity")),
        ("Power", Object("epoch:Quantity index:Quantity stake:Quantity")),
        ("Duty", Object("epoch:Quantity counted:Quantity missed:Quantity accrued:Quantity")),
        ("ValidatorDetail", Object(
            "address:Address publicKey:Hash stake:Quantity standing:Standing slashed:Flag sequence:Quantity from:Quantity until:Quantity? "
            + "withdrawable:Quantity? missed:Quantity height:Quantity power:Power? duty:Duty?")),
        ("ValidatorPage", Object("height:Quantity validators:[Validator] next:Hash?")),
        ("ValidatorQueue", Object("height:Quantity count:Quantity validators:[Validator] next:Quantity?")),
        ("Epoch", Object(
            "epoch:Quantity firstHeight:Quantity lastHeight:Quantity current:Quantity newestFixed:Quantity hash:Hash totalStake:Quantity "
            + "validators:Quantity waiting:Quantity staying:Quantity")),
        ("Supply", Object(
            "height:Quantity supply:Quantity spendable:Quantity staked:Quantity accrued:Quantity genesis:Quantity minted:Quantity burned:Quantity")),
        ("AbsenceReason",
            """{"enum":["signed","notMember","notCounted","unknown","offline","noPrecommit","late","otherRound","votedNil","otherBlock","refused","badVote","notIncluded"]}"""),
        ("Absence", Object(
            "validator:Address height:Quantity missed:Flag reason:AbsenceReason message:Text",
            "milliseconds:Quantity votedRound:Quantity blockHash:Hash countedBy:Quantity")),
        ("EvidenceRecord", Object("validator:Address height:Quantity round:Quantity phase:Phase votes:[ConflictingVote] punished:Flag")),
        ("Proposer", Object("height:Quantity round:Quantity epoch:Quantity proposer:Address publicKey:Hash stake:Quantity")),
        ("ConflictingVote", Object("blockHash:Hash encoded:Data")),
        ("Evidence", Object("validator:Address height:Quantity round:Quantity phase:Phase votes:[ConflictingVote]")),
        ("PeerFault", $$"""{"enum":["{{string.Join("\",\"", PeerShape.FaultNames)}}"]}"""),
        ("Direction", """{"enum":["inbound","outbound"]}"""),
        ("Ban", Object("until:Quantity reason:PeerFault")),
        ("Peer", Object(
            "id:Text connected:Flag direction:Direction? address:Text? agent:Text? reputation:Percent ban:Ban? bans:Quantity proven:Point? "
            + "claimed:Point? firstContact:Quantity? lastContact:Quantity? successes:Quantity failures:Quantity lastFault:PeerFault? "
            + "bytesIn:Quantity bytesOut:Quantity framesRefused:Quantity")),
        ("Peers", Object("self:Text? listening:[Text] connected:Quantity banned:Quantity known:Quantity peers:[Peer]")),
        ("ProofKind", """{"enum":["account","validator","transaction"]}"""),
        ("Proof", Object(
            "kind:ProofKind height:Quantity blockHash:Hash root:Hash header:Data siblings:[Hash]",
            "address:Address key:Hash value:Data? hasLeaf:Flag leafKey:Hash leafValueHash:Hash id:Hash leafHash:Hash index:Quantity count:Quantity")),
    ];

    // Members as "name:Component", "name:Component?" (or null), "name:[Component]" (a list).
    private static string Object(string required, string optional = "")
    {
        var must = required.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var may = optional.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var properties = must.Concat(may).Select(static member =>
        {
            var colon = member.IndexOf(':', StringComparison.Ordinal);
            var type = member[(colon + 1)..];
            var schema = type[0] == '[' ? $$"""{"type":"array","items":{{Ref(type[1..^1])}}}"""
                : type[^1] == '?' ? OrNull(type[..^1])
                : Ref(type);
            return $"\"{member[..colon]}\":{schema}";
        });
        var names = must.Select(static member => $"\"{member[..member.IndexOf(':', StringComparison.Ordinal)]}\"");
        return $$"""
            {"type":"object","required":[{{string.Join(',', names)}}],"properties":{{{string.Join(',', properties)}}},"additionalProperties":false}
            """;
    }
}
