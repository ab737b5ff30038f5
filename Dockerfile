# The image of a cluster's silos: docker build -t luxtensor-silo:0.1.0 .
# The last stage has no shell, no package manager and no root; what runs in it is the silo, .NET, OpenSSL and libsodium.
FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
WORKDIR /source

# Signatures are verified with libsodium where it is there, else with OpenSSL's libcrypto, which the last stage has anyway. Only
# libsodium opens Argon2 keystores and puts guard pages around keys, so it is taken along: one file that needs nothing but libc.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libsodium23 \
    && mkdir /native \
    && cp --dereference /usr/lib/*-linux-gnu/libsodium.so.23 /native/ \
    && rm -rf /var/lib/apt/lists/*

# The projects first: restoring is done again only when one of them changes.
COPY Directory.Build.props Directory.Packages.props global.json .editorconfig ./
COPY src/LuxTensor.Crypto/LuxTensor.Crypto.csproj src/LuxTensor.Crypto/packages.lock.json src/LuxTensor.Crypto/
COPY src/LuxTensor.Core/LuxTensor.Core.csproj src/LuxTensor.Core/packages.lock.json src/LuxTensor.Core/
COPY src/LuxTensor.Engine/LuxTensor.Engine.csproj src/LuxTensor.Engine/packages.lock.json src/LuxTensor.Engine/
COPY src/LuxTensor.Storage/LuxTensor.Storage.csproj src/LuxTensor.Storage/packages.lock.json src/LuxTensor.Storage/
COPY src/LuxTensor.Network/LuxTensor.Network.csproj src/LuxTensor.Network/packages.lock.json src/LuxTensor.Network/
COPY src/LuxTensor.Rpc/LuxTensor.Rpc.csproj src/LuxTensor.Rpc/packages.lock.json src/LuxTensor.Rpc/
COPY src/LuxTensor.Hosting/LuxTensor.Hosting.csproj src/LuxTensor.Hosting/packages.lock.json src/LuxTensor.Hosting/
COPY src/LuxTensor.Grains/LuxTensor.Grains.csproj src/LuxTensor.Grains/
COPY src/LuxTensor.Grains.Gateway/LuxTensor.Grains.Gateway.csproj src/LuxTensor.Grains.Gateway/
COPY src/LuxTensor.Grains.Validator/LuxTensor.Grains.Validator.csproj src/LuxTensor.Grains.Validator/
COPY src/LuxTensor.Silo/LuxTensor.Silo.csproj src/LuxTensor.Silo/
RUN dotnet restore src/LuxTensor.Silo/LuxTensor.Silo.csproj

COPY src/ src/
COPY silo-config/ silo-config/
RUN dotnet publish src/LuxTensor.Silo/LuxTensor.Silo.csproj -c Release --no-restore -o /app -p:UseAppHost=false \
    && cp /native/libsodium.so.23 /app/

FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled AS silo
WORKDIR /app
COPY --from=build /app ./
COPY --from=build /source/silo-config/*.json ./silo-config/
# Sockets and dumps of diagnostics would need a file system that can be written.
ENV DOTNET_EnableDiagnostics=0 \
    DOTNET_TieredPGO=1
USER $APP_UID
EXPOSE 11111 8545 8546 8090
ENTRYPOINT ["dotnet", "luxtensor-silo.dll"]
CMD ["--help"]
