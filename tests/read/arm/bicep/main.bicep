param place string
resource s 'Microsoft.Storage/storageAccounts@2023-01-01' = { name: 's' }
