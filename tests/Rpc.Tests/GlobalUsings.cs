global using System.Text.Json;
global using LuxTensor.Rpc;
